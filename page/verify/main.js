// @ts-check
/** Tells whether the ballot with a receipt is counted. */
import { call } from '../lib/api.js';
import { html, render, useState } from '../lib/html.js';
import { Languages, useTitle } from '../lib/parts.js';
import { t } from '../lib/words.js';

const [election = '', receipt = ''] = location.hash.slice(1).split('/');

function Page() {
  const [form, setForm] = useState({ election, receipt });
  const [said, setSaid] = useState('');
  useTitle(t('verify.title'));
  const set = (/** @type {'election' | 'receipt'} */ name) => (/** @type {any} */ event) => {
    setSaid('');
    setForm({ ...form, [name]: event.target.value.trim() });
  };
  const check = async (/** @type {Event} */ event) => {
    event.preventDefault();
    setSaid('asking');
    const answer = await call('GET', `/public/elections/${encodeURIComponent(form.election)}/receipts/${encodeURIComponent(form.receipt)}`);
    setSaid(answer.ok ? 'counted' : answer.code === 'receipt_not_found' ? 'not_counted' : answer.code === 'malformed_id' || answer.status === 400 ? 'malformed' : 'unknown');
  };
  return html`<main class="page" id="main"><h1 tabindex="-1">${t('verify.title')}</h1><p>${t('verify.what')}</p>
    <form class="stack form" onSubmit=${check}>
      <p class="field"><label>${t('verify.election')}<input required value=${form.election} onInput=${set('election')} autocomplete="off" spellcheck="false" /></label></p>
      <p class="field"><label>${t('verify.receipt')}<input required value=${form.receipt} onInput=${set('receipt')} autocomplete="off" spellcheck="false" /></label></p>
      <button class="button next">${t('verify.check')}</button></form>
    <p role="status" class=${said === 'counted' ? 'good' : ''}>${said && t(`receipt.${said}`)}</p><${Languages} /></main>`;
}

render(html`<${Page} />`, /** @type {HTMLElement} */ (document.getElementById('page')));
