// @ts-check
/** The administrator's page: who is signed in, which election is shown, and which part of it. */
import { html, render, useEffect, useRef, useState } from '../lib/html.js';
import { Languages, Message, Skip, useHeadingFocus, useTitle } from '../lib/parts.js';
import { t } from '../lib/words.js';
import { Check } from './check.js';
import { Empty, NewElection } from './elections.js';
import { People } from './people.js';
import { Photographs } from './photographs.js';
import { Standing, pause, usePlan } from './planned.js';
import { AdministratorResults } from './results.js';
import { Running } from './running.js';
import { Settings } from './settings.js';
import { arrive, leave, signOut, token } from './sign-in.js';
import { Trail } from './trail.js';
import { all, ask, isLost, onSignedOut, read, requests } from './work.js';

/** @typedef {import('../vote/ballot.js').Election & {version: number, links: 'hand_out' | 'invite', language: string, contact: string | null, invitation: {subject: string | null, text: string | null}}} Election */

/** How often the list of elections is read, and how often a server that is gone is asked for, in milliseconds. */
const [LISTED, AGAIN] = [20_000, 2_000];

/** The parts of an election, and when there is something in them. */
const PARTS = [
  { name: 'photographs', view: Photographs, when: () => true },
  { name: 'voters', view: later(() => import('./voters.js').then(({ Voters }) => Voters), () => [import('./imports.js'), import('./importing.js'), import('./list.js'), import('./voter-list.js'), import('./voter.js')]), when: () => true },
  { name: 'mailings', view: later(() => import('./mailings.js').then(({ Mailings }) => Mailings), () => [import('./compose.js'), import('./bounced.js'), import('./voter.js')]), when: (/** @type {Election} */ { links, status }) => links === 'invite' || status === 'released' },
  { name: 'schedule', view: later(() => import('./schedule.js').then(({ Schedule }) => Schedule), () => [import('./planning.js'), import('./zones.js')]), when: (/** @type {Election} */ { status }) => status === 'draft' || status === 'open' },
  { name: 'check', view: Check, when: (/** @type {Election} */ { status }) => status === 'draft' },
  { name: 'running', view: Running, when: (/** @type {Election} */ { status }) => status !== 'draft' },
  { name: 'results', view: AdministratorResults, when: (/** @type {Election} */ { status }) => ['closing', 'closed', 'released'].includes(status) },
  { name: 'settings', view: Settings, when: () => true },
  { name: 'people', view: People, when: () => true },
  { name: 'trail', view: Trail, when: () => true },
];

/**
 * A part whose modules are loaded when it is first shown: together, so that none is found late.
 * @param {() => Promise<any>} load @param {() => Promise<any>[]} others What it imports.
 */
function later(load, others) {
  /** @param {any} props */
  return function Later(props) {
    const [loaded, setLoaded] = useState(/** @type {any} */ (null));
    useEffect(() => {
      others().forEach((other) => other.catch(() => {}));
      load().then((view) => setLoaded({ view }), () => setLoaded({ view: null }));
    }, []);
    useEffect(() => {
      if (!loaded || loaded.view) return undefined;
      // A browser remembers that a module could not be loaded, until the page is loaded anew.
      const again = () => location.reload();
      requests.addEventListener('reached', again);
      // Where the server is there, the module may be, too.
      const timer = setTimeout(() => !isLost() && again(), AGAIN);
      if (!isLost()) ask('GET', '/elections?limit=1');
      return () => {
        clearTimeout(timer);
        requests.removeEventListener('reached', again);
      };
    }, [loaded]);
    if (loaded?.view) return html`<${loaded.view} ...${props} />`;
    return html`<p role="status">${loaded ? t('unreachable') : t('loading')}</p>`;
  };
}

function place() {
  const [, kind = '', id = '', part = ''] = location.hash.replace(/^#/, '').split('/');
  return { kind, id, part };
}

/** @param {string} to */
export const go = (to) => {
  location.hash = to;
};

function Page() {
  const [state, setState] = useState('arriving');
  useEffect(() => {
    onSignedOut(() => setState('out'));
    arrive().then((said) => setState(said || (token() ? 'in' : 'out')));
  }, []);
  if (state === 'in') return html`<${Administration} onOut=${() => { signOut(); setState('out'); }} />`;
  if (state === 'arriving' || state === 'leaving') return html`<${Message} title=${t('loading')} />`;
  const start = async () => setState(await leave());
  return html`<${Message} title=${t('sign_in.title')}>
    ${state === 'refused' ? html`<p>${t('sign_in.local')}</p><p><kbd>photovote sign-in</kbd></p>` : html`<p>${t('sign_in.what')}</p>`}
    ${(state === 'failed' || state === 'no_provider') && html`<p class="note bad" role="alert">${t(`sign_in.${state}`)}</p>`}
    <p><button type="button" class="button ${state === 'refused' ? '' : 'next'}" onClick=${start}>${t('sign_in')}</button></p>
  <//>`;
}

/** @param {{onOut: () => void}} props */
function Administration({ onOut }) {
  const [at, setAt] = useState(place());
  const [elections, setElections] = useState(/** @type {any[] | null} */ (null));
  const [failure, setFailure] = useState(/** @type {any} */ (null));
  useEffect(() => {
    const changed = () => setAt(place());
    addEventListener('hashchange', changed);
    // Effects come after the first frame: a link may have been followed before.
    changed();
    return () => removeEventListener('hashchange', changed);
  }, []);
  // The list may lag behind the elections that were shown.
  const known = useRef(/** @type {Map<string, {name: string, status: string, version: number}>} */ (new Map())).current;
  const latest = (/** @type {any} */ one) => ((known.get(one.id)?.version ?? 0) > one.version ? { ...one, ...known.get(one.id) } : one);
  const list = async () => {
    const { answer, items } = await all('/elections');
    // The latest first: ids begin with the time.
    if (answer.ok) setElections(items.sort((a, b) => (a.id < b.id ? 1 : -1)).map(latest));
    else setFailure(answer);
  };
  useEffect(() => {
    list();
    // What the clock opens and closes, or another administrator makes, is seen without a reload.
    const timer = setInterval(() => document.visibilityState === 'visible' && !isLost() && list(), LISTED);
    return () => clearInterval(timer);
  }, []);
  const seen = (/** @type {Election} */ { id, name, status, version }) => {
    known.set(id, { name, status, version });
    setElections((before) => before?.map(latest) ?? null);
  };
  useHeadingFocus(`${at.kind}/${at.id}/${at.part}`);
  const item = elections?.find(({ id }) => id === at.id);
  const main = !elections
    ? html`<p class="page" role="status">${failure ? t('unreachable') : t('loading')}</p>`
    : at.kind === 'e'
      ? html`<${OneElection} key=${at.id} id=${at.id} part=${at.part} role=${item?.role ?? 'owner'} onSeen=${seen} />`
      : at.kind === 'new' || elections.length
        ? html`<${NewElection} onMade=${async (/** @type {string} */ id) => { await list(); go(`/e/${id}/photographs`); }} first=${at.kind !== 'new'} elections=${elections} />`
        : html`<${Empty} onMade=${async (/** @type {string} */ id) => { await list(); go(`/e/${id}/voters`); }} />`;
  return html`<${Skip} /><${Unreachable} />
    <div class="admin">
    <nav aria-label=${t('elections')}>
      <a class="label small quiet" href="#/">${t('elections')}</a>
      ${(elections ?? []).map(({ id, name, status }) => html`<a key=${id} href="#/e/${id}" aria-current=${id === at.id ? 'page' : null}>
        <span class="name">${name}</span><span class="quiet small">${t(`status.${status}`)}</span></a>`)}
      <a class="new" href="#/new" aria-current=${at.kind === 'new' ? 'page' : null}>${t('new')}</a>
      <button type="button" class="button plain out small" onClick=${onOut}>${t('sign_out')}</button>
    </nav>
    <main id="main" tabindex="-1">${main}<${Languages} /></main>
  </div>`;
}

/** Says at once that the server is gone, whatever is shown, and asks for it until it is back. */
function Unreachable() {
  const [lost, setLost] = useState(isLost());
  useEffect(() => {
    let timer = 0;
    const changed = () => {
      setLost(isLost());
      clearInterval(timer);
      if (isLost()) timer = setInterval(() => ask('GET', '/elections?limit=1'), AGAIN);
    };
    changed();
    ['lost', 'reached'].forEach((what) => requests.addEventListener(what, changed));
    return () => {
      clearInterval(timer);
      ['lost', 'reached'].forEach((what) => requests.removeEventListener(what, changed));
    };
  }, []);
  return html`<div class="unreachable" role="alert">${lost && html`<p><b>${t('unreachable')}.</b> ${t('unreachable.admin')}</p>`}</div>`;
}

/** @param {{id: string, part: string, role: string, onSeen: (election: Election) => void}} props */
function OneElection({ id, part, role, onSeen }) {
  const [election, setElection] = useState(/** @type {Election | null} */ (null));
  const [missing, setMissing] = useState(/** @type {any} */ (null));
  /** @param {number} [version] */
  const load = async (version) => {
    const answer = await read(`/elections/${id}${version ? `?min_version=${version}` : ''}`);
    if (answer.ok) {
      setElection(answer.body);
      setMissing(null);
    } else setMissing(answer);
    return answer;
  };
  useEffect(() => { load(); }, [id]);
  const plan = usePlan(election);
  // What the clock opens and closes, or another administrator changes, is seen without a reload.
  useEffect(() => {
    if (!election || !['draft', 'open', 'closing'].includes(election.status)) return undefined;
    let timer = 0;
    const wait = () => { timer = setTimeout(look, pause(election)); };
    const look = async () => {
      const answer = document.visibilityState === 'visible' ? await ask('GET', `/elections/${id}`) : null;
      if (!timer) return;
      if (answer?.ok && answer.body.version > election.version) {
        setElection(answer.body);
      } else wait();
    };
    wait();
    return () => {
      clearTimeout(timer);
      timer = 0;
    };
  }, [election]);
  useEffect(() => {
    if (election) onSeen(election);
  }, [election]);
  useTitle(election?.name ?? '');
  useEffect(() => {
    for (const current of document.querySelectorAll('nav [aria-current]')) current.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [part, election?.id]);
  if (!election) return html`<div class="page wide" role="status"><p>${missing ? t('election.missing') : t('loading')}</p></div>`;
  const parts = PARTS.filter(({ when }) => when(election));
  const usual = { draft: 'photographs', open: 'running', closing: 'running', closed: 'results', released: 'results' }[election.status];
  const shown = parts.find(({ name }) => name === part) ?? parts.find(({ name }) => name === usual) ?? parts[0];
  // A draft leads from one step to the next.
  const next = election.status === 'draft' && election.competitions.some(({ candidates }) => candidates.length) && { photographs: 'voters', voters: 'check' }[shown.name];
  return html`<div class="page wide election">
    <header class="head"><h1 tabindex="-1">${election.name}</h1><span class="status">${t(`status.${election.status}`)}</span></header>
    <nav class="tabs" aria-label=${t('parts')}>${parts.map(({ name }) => html`<a href="#/e/${id}/${name}" aria-current=${name === shown.name ? 'page' : null}>${t(`part.${name}`)}</a>`)}</nav>
    ${election.status === 'draft' && plan?.opens_at && html`<${Standing} election=${election} plan=${plan} opens=${new Date(plan.opens_at.at)} brief=${shown.name === 'schedule'} />`}
    <${shown.view} key=${shown.name} election=${election} plan=${plan} load=${load} can=${role !== 'observer'} owner=${role === 'owner'} />
    ${next && html`<p><a class="button next" href="#/e/${id}/${next}">${t('next', { name: t(`part.${next}`) })}</a></p>`}
  </div>`;
}

// A link that is opened in the same tab changes the fragment only.
addEventListener('hashchange', () => location.hash.startsWith('#sign-in=') && location.reload());
render(html`<${Page} />`, /** @type {HTMLElement} */ (document.getElementById('page')));
