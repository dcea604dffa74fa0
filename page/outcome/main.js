// @ts-check
/** The public page of released results. */
import { call, patiently } from '../lib/api.js';
import { html, render, useEffect, useState } from '../lib/html.js';
import { Languages, Message, useTitle } from '../lib/parts.js';
import { t } from '../lib/words.js';
import { Results } from './view.js';

const id = location.pathname.split('/')[2] ?? '';

function Page() {
  const [results, setResults] = useState(/** @type {any} */ (null));
  const [election, setElection] = useState(/** @type {any} */ (null));
  const [missing, setMissing] = useState('');
  const look = async () => {
    setMissing('');
    const [shown, answer] = await Promise.all(['', '/results'].map((part) => patiently(() => call('GET', `/public/elections/${id}${part}`), 5)));
    if (shown.ok) setElection(shown.body);
    if (answer.ok) setResults(answer.body);
    else setMissing(answer.status === 404 || answer.status === 400 ? 'results.none' : 'unreachable');
  };
  useEffect(() => { look(); }, []);
  const title = election?.name ?? t('results.title');
  useTitle(title);
  if (missing) {
    return html`<${Message} title=${t(missing)}><p>${t(`${missing}.do`)}</p><p><button type="button" class="button next" onClick=${look}>${t('again')}</button></p><//>`;
  }
  if (!results) return html`<${Message} title=${t('loading')} />`;
  return html`<main class="page wide" id="main"><h1 tabindex="-1">${title}</h1>
    <${Results} results=${results} election=${election} />
    <p class="no-print"><a href="/verify#${id}">${t('verify.title')}</a></p><${Languages} /></main>`;
}

render(html`<${Page} />`, /** @type {HTMLElement} */ (document.getElementById('page')));
