// @ts-check
import { html, useEffect, useState } from '../lib/html.js';
import { Copy, download } from '../lib/parts.js';
import { t } from '../lib/words.js';
import { Results } from '../outcome/view.js';
import { Confirm, ask, command, read } from './work.js';

/** Results for administrators, and their release. @param {import('./photographs.js').PartProps} props */
export function AdministratorResults({ election, load, can }) {
  const [results, setResults] = useState(/** @type {any} */ (null));
  const [asking, setAsking] = useState(false);
  const path = `/elections/${election.id}`;
  useEffect(() => {
    let timer = 0;
    let gone = false;
    const look = async () => {
      const answer = await ask('GET', `${path}/results`);
      if (gone) return;
      if (answer.ok) setResults(answer.body);
      if (!answer.ok || answer.body.status !== 'final') timer = setTimeout(look, 1_000);
    };
    look();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [election.id, election.version]);
  if (results?.status !== 'final') {
    return html`<div class="stack" role="status"><p>${t('counting')}</p>
      ${results && html`<progress aria-label=${t('counting')} max=${results.cast || 1} value=${results.counted}></progress><p class="quiet">${t('counting.of', { counted: results.counted, count: results.cast })}</p>`}</div>`;
  }
  const csv = async () => {
    const answer = await read(`${path}/results.csv`);
    if (answer.ok) download('results.csv', answer.body, 'text/csv');
  };
  const address = `${location.origin}/results/${election.id}`;
  return html`<div class="stack wide">
    ${election.status === 'released'
      ? html`<section class="card stack no-print"><p><b>${t('released')}</b></p><p class="secret"><a href=${address}>${address}</a></p><p><${Copy} text=${address} label=${t('released.copy')} /></p></section>`
      : can && election.status === 'closed' && html`<section class="card head no-print"><div class="grow"><b>${t('release.title')}</b><br /><span class="small quiet">${t('release.what')}</span></div><button type="button" class="button next" onClick=${() => setAsking(true)}>${t('release')}</button></section>`}
    <${Results} results=${results} election=${election} onTable=${csv} />
    ${asking && html`<${Confirm} title=${t('release.confirm', { name: election.name })} what=${t('release.what')} action=${t('release')} next onClose=${() => setAsking(false)} work=${async () => {
      const answer = await command('POST', `${path}/release`);
      if (answer.ok) {
        setAsking(false);
        await load(answer.body.version);
      }
      return answer;
    }} />`}</div>`;
}
