// @ts-check
/** The voter's page: which view is shown, and what it is made of. */
import { html, render, useEffect, useMemo, useRef, useState } from '../lib/html.js';
import { now } from '../lib/api.js';
import { Countdown, Moment } from '../lib/moments.js';
import { Languages, Message, Reference, Skip, useHeadingFocus, useTitle } from '../lib/parts.js';
import { exactly, moment, problemWords, t } from '../lib/words.js';
import { Ballot } from './ballot.js';
import { first, link } from './first.js';
import { Large } from './large.js';
import { shuffled } from './order.js';
import { Receipt } from './receipt.js';
import { Casting, Review } from './review.js';
import { Wall } from './wall.js';

/** @typedef {{view: 'wall' | 'review', competition: number, large: number | null}} View */
/** @type {View} */
const FIRST = { view: 'wall', competition: 0, large: null };

/** @param {{ballot: Ballot, state: import('./ballot.js').State}} props */
function Page({ ballot, state }) {
  useHeadingFocus(state.phase);
  switch (state.phase) {
    case 'loading': return html`<${Message} title=${t('loading')} />`;
    case 'no_link': return html`<${Message} title=${t('vote.no_link')}><p>${t('vote.no_link.do')}</p><//>`;
    case 'wrong_link': return html`<${Message} title=${t('vote.wrong_link')}><p>${t('vote.wrong_link.do')}</p><//>`;
    case 'replaced': return html`<${Message} title=${t('vote.replaced')}><p>${t('vote.replaced.do')}</p><//>`;
    case 'deleted': return html`<${Message} title=${t('vote.deleted')}><p>${t('vote.deleted.do')}</p><//>`;
    case 'unreachable': return html`<${Message} title=${t('unreachable')}><p>${t('unreachable.do')}</p>
      <p><button class="button next" onClick=${() => ballot.again()}>${t('again')}</button></p><//>`;
    case 'outdated': return html`<${Message} title=${t('outdated')}><p>${t('outdated.do')}</p>
      <p class="small quiet">${t('code', { code: state.failure?.code ?? '' })}</p>
      <p><button class="button next" onClick=${() => location.reload()}>${t('reload')}</button></p><//>`;
    case 'not_open': return html`<${NotOpen} ballot=${ballot} state=${state} />`;
    case 'closed': return html`<${Closed} state=${state} />`;
    case 'cast': return html`<${Receipt} state=${state} />`;
    default: return html`<${Open} ballot=${ballot} state=${state} />`;
  }
}

/** When to come back. The page goes on by itself when voting opens. @param {{ballot: Ballot, state: import('./ballot.js').State}} props */
function NotOpen({ ballot, state }) {
  const { name = '', opens_at, closes_at, time_zone } = state.election ?? {};
  const opens = opens_at ? new Date(opens_at) : null;
  return html`<${Message} title=${t('vote.not_open', { name })}>
    ${opens ? html`<p>${t('vote.opens')}<br /><b><${Moment} at=${opens} zone=${time_zone} /></b></p>
      <p class="count"><${Countdown} to=${opens} say=${(/** @type {string} */ time) => t('in', { time })} after=${t('vote.opens.late')} /></p>
      ${closes_at && html`<p class="quiet">${t('vote.ends')}<br /><${Moment} at=${new Date(closes_at)} zone=${time_zone} /></p>`}
      <p>${t('vote.opens.do')}</p>`
    : html`<p>${t('vote.not_open.do')}</p><p><button class="button" onClick=${() => ballot.load()}>${t('again')}</button></p>`}<//>`;
}

/** @param {{state: import('./ballot.js').State}} props */
function Closed({ state }) {
  const { election, casting, failure, lost } = state;
  const rated = Object.keys(state.ratings).length;
  return html`<${Message} title=${casting === 'late' ? t('vote.closed_late') : t('vote.closed', { name: election?.name ?? '' })}>
    <p>${casting === 'late' ? t('vote.closed_late.do') : rated || lost ? t('vote.closed.not_cast') : t('vote.closed.nothing')}</p>
    <${Reference} failure=${failure} />
    ${lost > 0 && html`<p>${t('vote.closed.lost', { count: lost })}</p>`}
    ${election?.status === 'released' && html`<p><a class="button next" href="/results/${election.id}">${t('results.see')}</a></p>`}
  <//>`;
}

/** @param {{ballot: Ballot, state: import('./ballot.js').State}} props */
function Open({ ballot, state }) {
  const election = /** @type {import('./ballot.js').Election} */ (state.election);
  const [view, setView] = useState(/** @type {View} */ ({ ...FIRST, ...history.state?.view }));
  useEffect(() => {
    const back = (/** @type {PopStateEvent} */ event) => setView({ ...FIRST, ...event.state?.view });
    addEventListener('popstate', back);
    return () => removeEventListener('popstate', back);
  }, []);
  // Functions that were made for an earlier view lead on from the present one.
  const current = useRef(view);
  current.current = view;
  /** @param {Partial<View>} change @param {boolean} [instead] */
  const go = (change, instead = false) => {
    const next = { ...current.current, ...change };
    current.current = next;
    const state = { view: next, depth: (history.state?.depth ?? 0) + (instead ? 0 : 1) };
    if (instead) history.replaceState(state, '');
    else history.pushState(state, '');
    setView(next);
    if (change.view || change.competition !== undefined) scrollTo(0, 0);
  };
  const leave = (/** @type {Partial<View>} */ change) => (history.state?.depth ? history.back() : go(change, true));

  const competitions = useMemo(
    () => election.competitions.map((one) => ({ ...one, candidates: shuffled(one.candidates.filter((candidate) => !candidate.disqualified), state.id) })),
    [election, state.id],
  );
  const index = Math.min(view.competition, competitions.length - 1);
  const competition = competitions[Math.max(index, 0)];
  const all = competitions.flatMap(({ candidates }) => candidates);
  const rated = (/** @type {import('./ballot.js').Candidate[]} */ some) => some.filter(({ id }) => state.ratings[id] !== undefined).length;
  const [asking, setAsking] = useState(false);
  useTitle(election.name);
  useHeadingFocus(view.view);
  const rate = (/** @type {string} */ candidate, /** @type {number | null} */ grade) => ballot.rate(candidate, grade);
  const saved = html`<${Saved} state=${state} />`;
  const large = view.large !== null && competition?.candidates[view.large];

  return html`<${Skip} />
    ${state.rehearsal && html`<aside class="rehearsal"><span>${t('rehearsal')}</span> <a href="/admin#/e/${election.id}/check">${t('rehearsal.back')}</a></aside>`}
    <header class="top">
      <div>${view.view === 'review' && html`<button type="button" class="icon back" aria-label=${t('review.back')} title=${t('review.back')} onClick=${() => leave({ view: 'wall' })}>
          <svg class="flip" viewBox="0 0 20 20" aria-hidden="true"><path d="M13 3l-7 7 7 7"/></svg></button>`}
        <h1 tabindex="-1">${election.name}</h1>${saved}</div>
      ${view.view === 'wall' && competitions.length > 1 && html`<nav class="tabs" aria-label=${t('competitions')}>
        ${competitions.map((one, i) => html`<button type="button" aria-current=${i === index ? 'page' : null} onClick=${() => go({ competition: i }, true)}>
          ${one.name} <span class="quiet">${t('rated.short', { rated: rated(one.candidates), count: one.candidates.length })}</span></button>`)}
      </nav>`}
    </header>
    <main id="main" tabindex="-1">
      ${state.failure && html`<p class="note bad" role="alert">${problemWords(state.failure)} <span class="small">${t('code', { code: state.failure.code })}</span></p>`}
      ${state.casting === 'interrupted' && html`<p class="note" role="status">${t('cast.interrupted')}</p>`}
      ${view.view === 'review'
        ? html`<${Review} state=${state} competitions=${competitions} onRate=${rate}
            onOpen=${(/** @type {number} */ i, /** @type {number} */ at) => go({ view: 'wall', competition: i, large: at })} />`
        : html`<${Wall} election=${election} competition=${competition} first=${index <= 0} ratings=${state.ratings} onRate=${rate}
            onOpen=${(/** @type {number} */ at) => go({ large: at })} />`}
      <${Languages} />
    </main>
    <footer class="bar" data-view=${view.view}><div>
      <div class="progress small">
        <span class="quiet"><span id="rated">${t('rated', { rated: rated(all), count: all.length })}</span> <${TimeLeft} election=${election} ballot=${ballot} /></span>
        <${Progress} done=${rated(all)} of=${all.length} />
      </div>
      ${view.view === 'review'
        ? html`<button type="button" class="button next" disabled=${!rated(all)} onClick=${() => setAsking(true)}>${t('cast')}</button>`
        : html`<button type="button" class="button next" onClick=${() => go({ view: 'review' })}>${t('review')}</button>`}
    </div></footer>
    ${asking && html`<${Casting} ballot=${ballot} state=${state} rated=${rated(all)} count=${all.length} onClose=${() => setAsking(false)} />`}
    ${large && html`<${Large} candidates=${competition.candidates} at=${view.large} ratings=${state.ratings} scale=${election.scale} saved=${saved}
      onRate=${rate} onGo=${(/** @type {number} */ at) => go({ large: at }, true)} onClose=${() => leave({ large: null })} />`}`;
}

/** @param {{done: number, of: number}} props */
function Progress({ done, of }) {
  return html`<svg class="progress-line" aria-hidden="true" viewBox="0 0 100 1" preserveAspectRatio="none">
    <rect width="100" height="1" /><rect class="done" width=${of ? (100 * done) / of : 0} height="1" /></svg>`;
}

/** Whether anything was changed since the page was opened. */
let changed = false;

/** Says in words whether everything is saved, once there is something to save. @param {{state: import('./ballot.js').State}} props */
function Saved({ state }) {
  const kind = state.rehearsal ? 'rehearsal' : state.saving;
  changed ||= state.saving !== 'saved' || Object.keys(state.ratings).length > 0;
  return html`<span class="saved" data-kind=${kind} role="status">${kind !== 'saved' || changed ? t(`saved.${kind}`) : ''}</span>`;
}

/** When voting ends, by the server's clock and in the reader's zone. @param {{election: import('./ballot.js').Election, ballot: Ballot}} props */
function TimeLeft({ election, ballot }) {
  const [, tick] = useState(0);
  const end = election.closes_at ? new Date(election.closes_at) : null;
  useEffect(() => {
    if (!end) return undefined;
    const timer = setInterval(() => {
      tick((n) => n + 1);
      if (now() > end.getTime() + 1_000 && !ballot.state.rehearsal) ballot.load();
    }, 15_000);
    return () => clearInterval(timer);
  }, [election.closes_at]);
  if (!end) return null;
  // Whole minutes: nobody has less time than the page says.
  const minutes = Math.floor((end.getTime() - now()) / 60_000);
  const text = minutes >= 60 ? t('closes', { time: moment(end, now()) }) : minutes < 1 ? t('closes.soon') : t('closes.minutes', { count: minutes });
  return html`<span class="when">· <time datetime=${election.closes_at} title=${exactly(end)}>${text}</time></span>`;
}

// A link that is opened in the same tab changes the fragment only.
addEventListener('hashchange', () => location.hash && location.reload());
const root = /** @type {HTMLElement} */ (document.getElementById('page'));
const ballot = new Ballot({ ...link, first }, (state) => queueMicrotask(() => show(state)));
/** @param {import('./ballot.js').State} state */
function show(state) {
  render(html`<${Page} ballot=${ballot} state=${state} />`, root);
}
show(ballot.state);
