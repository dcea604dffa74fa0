// @ts-check
/** The first page: what this is, and where to go. */
import { html, render } from '../lib/html.js';
import { Languages, useTitle } from '../lib/parts.js';
import { t } from '../lib/words.js';

function Page() {
  useTitle('');
  return html`<main class="page start" id="main"><h1 tabindex="-1">PhotoVote</h1><p class="lead">${t('start.what')}</p>
    <section class="card stack"><h2>${t('start.voter')}</h2><p>${t('start.voter.do')}</p></section>
    <section class="card stack"><h2>${t('start.administrator')}</h2><p>${t('start.administrator.do')}</p><a class="button next" href="/admin">${t('sign_in')}</a></section>
    <section class="card stack"><h2>${t('verify.title')}</h2><p>${t('verify.what')}</p><a class="button" href="/verify">${t('receipt.check')}</a></section>
    <${Languages} /></main>`;
}

render(html`<${Page} />`, /** @type {HTMLElement} */ (document.getElementById('page')));
