// @ts-check
/** Preact and htm, put together: `html` makes elements of a template. */
import { h, render, Fragment } from '../vendor/preact.js';
import htm from '../vendor/htm.js';

export const html = htm.bind(h);
export { render, Fragment };
export { useEffect, useLayoutEffect, useMemo, useRef, useState } from '../vendor/hooks.js';
