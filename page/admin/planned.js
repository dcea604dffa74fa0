// @ts-check
/** What is planned for an election: it is read again while somebody looks, and what prevents the opening stands above every part. */
import { now } from '../lib/api.js';
import { html, useEffect, useState } from '../lib/html.js';
import { Countdown, Moment, useSeconds } from '../lib/moments.js';
import { has, t } from '../lib/words.js';
import { ask, read, requests } from './work.js';

/**
 * @typedef {{at: string, local: string, shown?: string}} Planned
 * @typedef {{opens_at: Planned | null, closes_at: Planned | null, time_zone: string | null, reminders: {at: string, before: string}[], rules: string | null,
 *   current_rules: string, prevented_by: {code: string, count?: number}[], version: number}} Plan
 */

/** Where an obstacle is mended. @type {Record<string, string>} */
const MENDED = { no_voters: 'voters', links_not_shown: 'voters' };
/** How often the plan is read, in milliseconds: while something prevents the opening or it is near, and otherwise. */
const [SOON, LATER] = [4_000, 15_000];
/** How long what was mended takes to be seen, in milliseconds. */
const MENDING = 500;

/** The plan of an election that has one. @param {import('./main.js').Election | null} election @returns {Plan | null} */
export function usePlan(election) {
  const [plan, setPlan] = useState(/** @type {Plan | null} */ (null));
  const planned = Boolean(election?.time_zone && ['draft', 'open'].includes(election.status));
  useEffect(() => {
    if (!planned || !election) {
      setPlan(null);
      return undefined;
    }
    const path = `/elections/${election.id}/schedule?min_version=${election.version}`;
    let there = true;
    let timer = 0;
    let soon = true;
    let hurried = false;
    const look = async (/** @type {Promise<import('../lib/api.js').Answer> | null} */ asked) => {
      const answer = await asked;
      if (!there) return;
      if (answer?.ok) {
        const { prevented_by, opens_at } = answer.body;
        soon = prevented_by.length > 0 || Boolean(opens_at && new Date(opens_at.at).getTime() < now() + 60_000);
        setPlan((before) => (JSON.stringify(before) === JSON.stringify(answer.body) ? before : answer.body));
      }
      wait(hurried ? MENDING : soon ? SOON : LATER);
      hurried = false;
    };
    const wait = (/** @type {number} */ pause) => {
      clearTimeout(timer);
      timer = setTimeout(() => look(document.visibilityState === 'visible' ? ask('GET', path) : null), pause);
    };
    look(read(path));
    // What somebody does may mend what prevents the opening.
    const again = () => {
      hurried = true;
      wait(MENDING);
    };
    requests.addEventListener('done', again);
    return () => {
      there = false;
      clearTimeout(timer);
      requests.removeEventListener('done', again);
    };
  }, [planned, election?.id, election?.version]);
  return plan;
}

/** How soon an election is to be asked for again, so that an opening or a close is seen when it happens. @param {import('./main.js').Election} election */
export function pause({ status, opens_at, closes_at }) {
  if (status === 'closing') return 1_000;
  const due = status === 'draft' ? opens_at : closes_at;
  const left = due ? new Date(due).getTime() - now() : Infinity;
  if (left < -60_000) return SOON;
  return left < 10_000 ? 1_000 : Math.min(left - 9_000, 10_000);
}

/**
 * When a draft opens by itself, and what prevents that.
 * @param {{election: import('./main.js').Election, plan: Plan, opens: Date, brief: boolean}} props It is `brief` where the time stands below.
 */
export function Standing({ election, plan, opens, brief }) {
  useSeconds();
  const past = opens.getTime() <= now();
  const over = past && plan.closes_at !== null && new Date(plan.closes_at.at).getTime() <= now();
  const obstacles = over ? [] : plan.prevented_by;
  const bad = over || obstacles.length > 0;
  return html`<section class="card wide standing-plan" data-bad=${bad} aria-label=${t('planned.label')}>
    ${(!brief || past) && html`<div class="head"><p><b><${Countdown} to=${opens} say=${(/** @type {string} */ time) => t('opens.in', { time })} after=${over ? t('planned.over') : bad ? t('planned.late') : t('planned.now')} /></b><br />
      <${Moment} brief at=${opens} zone=${plan.time_zone} /></p>${!brief && html`<a class="button" href="#/e/${election.id}/schedule">${t('part.schedule')}</a>`}</div>`}
    <div role="status">${over ? html`<p class="small">${t('planned.over.do')}</p>` : !bad ? html`<p class="small good">✓ ${t('planned.ready')}</p>`
      : html`<p><b class="wrong">${t('planned.prevented', { count: obstacles.length })}</b></p><ul class="rows obstacles">${obstacles.map(({ code, count = 0 }) => {
        const part = MENDED[code] ?? 'photographs';
        return html`<li key=${code}><span class="mark no" aria-hidden="true">!</span><span class="grow">${has(`obstacle.${code}`) ? t(`obstacle.${code}`, { count }) : t('obstacle.other', { code })}</span>
          <a class="button" href="#/e/${election.id}/${part}">${t(`part.${part}`)}</a></li>`;
      })}</ul>${past && html`<p class="small quiet">${t('planned.late.do')}</p>`}`}</div></section>`;
}
