// @ts-check
/** Asks for the ballot before the rest of the page has come, so that a slow line carries both at once. */
import { call } from '../lib/api.js';
import { takeToken } from './token.js';

/** What the link said. */
export const link = takeToken();

/** The first answer, if the link names a ballot. */
export const first = link.token ? call('GET', '/ballot', { token: link.token }) : null;
