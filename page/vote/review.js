// @ts-check
/** The review: all photographs with their ratings, unrated first, and the cast. */
import { html, steady, useState } from '../lib/html.js';
import { Dialog, Picture, Reference } from '../lib/parts.js';
import { Bars } from '../lib/bars.js';
import { t } from '../lib/words.js';
import { Clear, Rating } from './rating.js';

/**
 * @param {{state: import('./ballot.js').State, competitions: import('./ballot.js').Competition[],
 *   onRate: (candidate: string, grade: number | null) => void, onOpen: (competition: number, at: number) => void}} props
 */
export function Review({ state, competitions, onRate, onOpen }) {
  const election = /** @type {import('./ballot.js').Election} */ (state.election);
  const all = competitions.flatMap(({ candidates }) => candidates);
  const [unratedAtFirst] = useState(() => new Set(all.filter(({ id }) => state.ratings[id] === undefined).map(({ id }) => id)));
  const rated = all.filter(({ id }) => state.ratings[id] !== undefined).length;
  const grades = Array.from({ length: election.scale.max - election.scale.min + 1 }, (_, i) => election.scale.min + i);
  const counts = Object.fromEntries(grades.map((grade) => [grade, all.filter(({ id }) => state.ratings[id] === grade).length]));
  return html`<div class="page review">
    <div class="head">
      <div><h2 tabindex="-1">${t('review.title')}</h2>
        <p>${rated === all.length ? t('review.all') : t('review.some', { rated, count: all.length })}</p></div>
      ${rated > 0 && html`<figure class="mine"><figcaption class="small quiet">${t('review.mine')}</figcaption>
        <${Bars} counts=${counts} label=${t('review.mine')} /></figure>`}
    </div>
    ${competitions.map((competition, index) => {
      // The order stays as it was when the review began: a row does not jump away from the finger that rates it.
      const rows = competition.candidates.map((candidate, at) => ({ candidate, at }));
      const sorted = [...rows.filter(({ candidate }) => unratedAtFirst.has(candidate.id)), ...rows.filter(({ candidate }) => !unratedAtFirst.has(candidate.id))];
      return html`<section aria-label=${competition.name}>
        <h3>${competition.name}</h3>
        <ul class="rows card">${sorted.map(({ candidate, at }) => html`<${Row} key=${candidate.id} candidate=${candidate} at=${at} index=${index}
          scale=${election.scale} grade=${state.ratings[candidate.id]} onRate=${onRate} onOpen=${onOpen} />`)}</ul></section>`;
    })}
    <section class="card"><h3>${t('cast.title')}</h3><p>${rated ? t('cast.final') : t('cast.empty')}</p></section>
  </div>`;
}

/**
 * @param {{candidate: import('./ballot.js').Candidate, at: number, index: number, scale: {min: number, max: number}, grade: number | undefined,
 *   onRate: (candidate: string, grade: number | null) => void, onOpen: (competition: number, at: number) => void}} props
 */
function DrawnRow({ candidate, at, index, scale, grade, onRate, onOpen }) {
  const { id, name, image } = candidate;
  return html`<li>
    <button type="button" class="thumb" aria-label=${t('enlarge', { name })} onClick=${() => onOpen(index, at)}><${Picture} image=${image} alt="" sizes="5rem" /></button>
    <div class="grow"><b>${name}</b><br /><span class="small quiet">${grade === undefined ? t('rate.none') : t('rate.is', { grade, max: scale.max })}</span></div>
    <div class="rating"><${Rating} name=${name} scale=${scale} grade=${grade} onRate=${(/** @type {number | null} */ grade) => onRate(id, grade)} />
      <${Clear} name=${name} grade=${grade} onRate=${() => onRate(id, null)} /></div>
  </li>`;
}

const Row = steady(DrawnRow);

/**
 * The one confirmation of a cast, and what becomes of it.
 * @param {{ballot: import('./ballot.js').Ballot, state: import('./ballot.js').State, rated: number, count: number, onClose: () => void}} props
 */
export function Casting({ ballot, state, rated, count, onClose }) {
  const busy = state.casting === 'sending' || state.casting === 'waiting';
  return html`<${Dialog} title=${t('cast.confirm')} onClose=${() => !busy && onClose()}>
      <p>${t('cast.confirm.what', { rated, count })}</p>
      ${rated < count && html`<p class="quiet">${t('cast.unrated', { count: count - rated })}</p>`}
      ${state.rehearsal && html`<p class="note">${t('rehearsal.no_cast')}</p>`}
      <div role="status">${busy && html`<p class="note">${t(state.casting === 'waiting' ? 'cast.waiting' : 'cast.sending')}</p>`}</div>
      ${state.casting === 'failed' && html`<p class="note bad" role="alert">${t('cast.failed')} ${t('code', { code: state.failure?.code ?? '' })}</p>`}
      ${state.casting === 'failed' && html`<${Reference} failure=${state.failure} />`}
      <div class="buttons">
        <button type="button" class="button" disabled=${busy} onClick=${() => onClose()}>${t('cast.not_yet')}</button>
        ${!state.rehearsal && html`<button type="button" class="button next" disabled=${busy} onClick=${() => ballot.cast()}>${t('cast.now')}</button>`}
      </div><//>`;
}
