// @ts-check
/** Results of an election: podium, table and histograms, and the presenter. */
import { Bars } from '../lib/bars.js';
import { html, useState } from '../lib/html.js';
import { Picture, altOf } from '../lib/parts.js';
import { number, t } from '../lib/words.js';
import { Presenter } from './presenter.js';

/** @param {string} mean */
const short = (mean) => number(Number(mean), { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/**
 * @param {{results: any, election: import('../vote/ballot.js').Election | null, onTable?: () => void}} props
 *   Without the election there are names, and no pictures.
 */
export function Results({ results, election, onTable }) {
  const [presenting, setPresenting] = useState(/** @type {any} */ (null));
  const pictures = new Map((election?.competitions ?? []).flatMap(({ candidates }) => candidates).map((candidate) => [candidate.id, candidate]));
  return html`<div class="results">
    <p class="quiet">${t('results.ballots', { count: results.counted })}${results.registered !== undefined ? ` · ${t('results.of', { count: results.registered })}` : ''} · ${t('results.rule')}</p>
    ${results.counted === 0 && html`<p class="note">${t('results.nobody')}</p>`}
    ${results.competitions.map((/** @type {any} */ competition) => html`<section key=${competition.competition_id} aria-label=${competition.name}>
      <div class="head"><h2>${competition.name}</h2>
        ${competition.candidates.length > 0 && html`<button type="button" class="button no-print" onClick=${() => setPresenting(competition)}>${t('present')}</button>`}</div>
      ${competition.candidates.length > 0 && html`<${Podium} competition=${competition} pictures=${pictures} />`}
      ${competition.candidates.length > 0 && html`<div class="scroll" tabindex="0" role="region" aria-label=${t('results.table', { name: competition.name })}><table>
        <thead><tr><th class="num">${t('results.place')}</th><th>${t('field.title')}</th><th class="num">${t('results.mean')}</th><th class="num">${t('results.ratings')}</th><th>${t('results.grades')}</th></tr></thead>
        <tbody>${competition.candidates.map((/** @type {any} */ row) => html`<tr key=${row.candidate_id}>
          <td class="num place">${row.rank}</td>
          <td><b>${row.name}</b>${row.tied && html`<br /><span class="small quiet">${t('results.tied')}</span>`}</td>
          <td class="num">${short(row.mean)}</td><td class="num">${number(row.ratings)}</td>
          <td><${Bars} counts=${row.histogram} label=${t('results.grades_of', { name: row.name })} /></td></tr>`)}</tbody>
      </table></div>`}
      ${competition.unranked.length > 0 && html`<p><b>${t('results.unrated')}</b> ${competition.unranked.map((/** @type {any} */ one) => one.name).join(', ')}</p>`}
      ${competition.disqualified.length > 0 && html`<div><b>${t('results.disqualified')}</b><ul>${competition.disqualified.map((/** @type {any} */ one) => html`<li>${one.name}: <span class="quiet">${one.reason}</span></li>`)}</ul></div>`}
    </section>`)}
    <div class="buttons start no-print">
      ${onTable && html`<button type="button" class="button" onClick=${onTable}>${t('results.csv')}</button>`}
      <button type="button" class="button" onClick=${() => print()}>${t('print')}</button></div>
    <p class="small quiet secret">${t('results.digest', { digest: results.digest })}</p>
    ${presenting && html`<${Presenter} competition=${presenting} pictures=${pictures} onClose=${() => setPresenting(null)} />`}
  </div>`;
}

/** The first three places; more, if they are shared. @param {{competition: any, pictures: Map<string, any>}} props */
function Podium({ competition, pictures }) {
  const best = competition.candidates.filter((/** @type {any} */ row) => row.rank <= 3).slice(0, 6);
  const bare = best.every((/** @type {any} */ row) => !pictures.get(row.candidate_id)?.image);
  return html`<div class="podium" data-bare=${bare} data-count=${Math.min(best.length, 4)}>${best.map((/** @type {any} */ row) => {
    const candidate = pictures.get(row.candidate_id);
    return html`<figure key=${row.candidate_id}>
      ${!bare && html`<div class="frame"><${Picture} image=${candidate?.image ?? null} alt=${candidate ? altOf(candidate) : row.name} sizes="(max-width: 40rem) 100vw, 44rem" lazy=${false} /></div>`}
      <figcaption><span class="place" data-first=${row.rank === 1}>${number(row.rank)}</span>
        <span><b>${row.name}</b><br /><span class="quiet">${short(row.mean)}${row.tied ? ` · ${t('results.tied')}` : ''}</span></span></figcaption>
    </figure>`;
  })}</div>`;
}
