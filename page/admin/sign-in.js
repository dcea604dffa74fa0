// @ts-check
/**
 * Signs an administrator in: OpenID Connect with an authorization code and PKCE (S256). The token stays in the memory of this tab. A
 * sign-in link of the local server has a secret in its fragment; it travels in a form, and stands in no URL that is sent.
 */
import { call } from '../lib/api.js';

const KEPT = 'photovote.administrator';
const UNDER_WAY = 'photovote.sign-in';

/** @typedef {{authorize_url: string, token_url: string, client_id: string, scope: string}} Provider */

/** @param {Uint8Array} bytes */
const encode = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
const random = () => encode(crypto.getRandomValues(new Uint8Array(32)));
const back = () => `${location.origin}/admin`;

/** The token of this tab, if it is good for a while. @returns {string | null} */
export function token() {
  try {
    const { token, expires } = JSON.parse(sessionStorage.getItem(KEPT) ?? '');
    return expires > Date.now() + 5_000 ? token : null;
  } catch {
    return null;
  }
}

/** Who is signed in, as the token says. @returns {string} */
export function subject() {
  try {
    const [, claims] = /** @type {string} */ (token()).split('.');
    const bytes = Uint8Array.from(atob(claims.replace(/-/g, '+').replace(/_/g, '/')), (char) => char.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)).sub ?? '';
  } catch {
    return '';
  }
}

export function signOut() {
  sessionStorage.removeItem(KEPT);
}

/**
 * What the address says about signing in. The address bar is cleaned.
 * @returns {Promise<'' | 'refused' | 'failed' | 'leaving' | 'no_provider'>}
 */
export async function arrive() {
  const link = /^#sign-in=([\w-]+)$/.exec(location.hash)?.[1];
  if (link) {
    history.replaceState(null, '', '/admin');
    return leave(link);
  }
  const query = new URLSearchParams(location.search);
  if (!query.has('state')) return '';
  const kept = JSON.parse(sessionStorage.getItem(UNDER_WAY) ?? 'null');
  sessionStorage.removeItem(UNDER_WAY);
  history.replaceState(null, '', `/admin${kept?.hash ?? ''}`);
  // Another page has led here.
  const onwards = kept?.from && kept.from !== location.pathname ? kept.from : '';
  if (query.has('error')) return 'refused';
  const code = query.get('code');
  if (!kept || kept.state !== query.get('state') || !code) return 'failed';
  const form = new URLSearchParams({
    grant_type: 'authorization_code', code, redirect_uri: back(), client_id: kept.client_id, code_verifier: kept.verifier,
  });
  try {
    const answer = await fetch(kept.token_url, { method: 'POST', body: form });
    const body = await answer.json();
    if (!answer.ok || !body.access_token) return 'failed';
    const expires = Date.now() + (body.expires_in ?? 3_600) * 1_000;
    sessionStorage.setItem(KEPT, JSON.stringify({ token: body.access_token, expires }));
    if (!onwards) return '';
    location.replace(onwards);
    return 'leaving';
  } catch {
    return 'failed';
  }
}

/**
 * Goes to the provider to sign in.
 * @param {string} [link] The secret of a sign-in link.
 * @returns {Promise<'leaving' | 'failed' | 'no_provider'>}
 */
export async function leave(link) {
  const answer = await call('GET', '/sign-in');
  if (!answer.ok) return answer.status === 404 ? 'no_provider' : 'failed';
  /** @type {Provider} */
  const { authorize_url, token_url, client_id, scope } = answer.body;
  const [verifier, state] = [random(), random()];
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  sessionStorage.setItem(UNDER_WAY, JSON.stringify({ verifier, state, client_id, token_url, hash: location.hash, from: location.pathname }));
  const fields = {
    response_type: 'code', client_id, redirect_uri: back(), scope, state, code_challenge: encode(new Uint8Array(hash)), code_challenge_method: 'S256',
  };
  if (!link) {
    location.assign(`${authorize_url}?${new URLSearchParams(fields)}`);
    return 'leaving';
  }
  const form = document.createElement('form');
  Object.assign(form, { method: 'post', action: authorize_url, hidden: true });
  for (const [name, value] of Object.entries({ ...fields, link })) {
    form.append(Object.assign(document.createElement('input'), { name, value }));
  }
  document.body.append(form);
  form.submit();
  return 'leaving';
}
