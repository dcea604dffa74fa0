// @ts-check
/** What a voter keeps of a cast ballot. */
import { html, useState } from '../lib/html.js';
import { call } from '../lib/api.js';
import { Copy, Languages, download, useTitle } from '../lib/parts.js';
import { t } from '../lib/words.js';

/** @param {{state: import('./ballot.js').State}} props */
export function Receipt({ state }) {
  const election = /** @type {import('./ballot.js').Election} */ (state.election);
  const receipt = state.receipt ?? '';
  const [checked, setChecked] = useState('');
  const address = `${location.origin}/verify#${election.id}/${receipt}`;
  const check = async () => {
    setChecked('asking');
    const answer = await call('GET', `/public/elections/${election.id}/receipts/${receipt}`);
    setChecked(answer.ok ? 'counted' : answer.status === 404 ? (election.status === 'open' ? 'open' : 'not_yet') : 'unknown');
  };
  useTitle(t('receipt.title'));
  return html`<main class="page" id="main">
    <div class="done-sign"><span class="mark ok" aria-hidden="true">✓</span><h1 tabindex="-1">${t('receipt.title')}</h1></div>
    <p>${t('receipt.cast', { name: election.name })}</p>
    <section class="card stack"><h2>${t('receipt.yours')}</h2>
      <p>${t('receipt.what')}</p>
      <p class="receipt" id="receipt">${receipt}</p>
      <div class="buttons start">
        <${Copy} text=${receipt} label=${t('receipt.copy')} />
        <button type="button" class="button" onClick=${() => download('photovote-receipt.txt', `${election.name}\n${receipt}\n${address}\n`)}>${t('receipt.download')}</button>
        <button type="button" class="button" onClick=${check}>${t('receipt.check')}</button>
      </div>
      <p role="status" class="${checked === 'counted' ? 'good' : ''}">${checked && t(`receipt.${checked}`)}</p>
    </section>
    ${election.status === 'released'
      ? html`<p><a class="button next" href="/results/${election.id}">${t('results.see')}</a></p>`
      : html`<p class="quiet">${t('receipt.later')}</p>`}
    <${Languages} />
  </main>`;
}
