// @ts-check
/** The schedule of an election: what will happen when, and the form that plans it. */
import { now } from '../lib/api.js';
import { html, useEffect, useRef, useState } from '../lib/html.js';
import { Countdown, Moment, useSeconds } from '../lib/moments.js';
import { number, t } from '../lib/words.js';
import { Planning } from './planning.js';
import { Confirm, command, read } from './work.js';
import { localWords, periodWords } from './zones.js';

/** How late the clock may be, in milliseconds: it looks each minute. */
const LATE = 90_000;

/** A step that is `unfit` cannot be saved. @typedef {{kind: 'opens' | 'reminder' | 'closes', at: Date | null, local?: string, before?: string, unfit?: '' | 'early' | 'late' | 'unclear'}} Step */

/** The steps of a plan, in their order. @param {import('./planned.js').Plan} plan @returns {Step[]} */
const stepsOf = ({ opens_at, closes_at, reminders }) => [
  { kind: 'opens', at: opens_at && new Date(opens_at.at), local: opens_at?.local },
  ...reminders.map(({ at, before }) => ({ kind: /** @type {const} */ ('reminder'), at: new Date(at), before })),
  { kind: 'closes', at: closes_at && new Date(closes_at.at), local: closes_at?.local },
];

/** @param {import('./photographs.js').PartProps & {plan: import('./planned.js').Plan | null}} props */
export function Schedule({ election, plan, load, can }) {
  const [voters, setVoters] = useState(/** @type {number | null} */ (null));
  const [editing, setEditing] = useState(false);
  const [asking, setAsking] = useState(false);
  /** The form was shown: the focus goes back to the button that led to it. */
  const back = useRef(false);
  const path = `/elections/${election.id}`;
  useEffect(() => {
    read(`${path}/turnout`).then((answer) => answer.ok && setVoters(answer.body.registered));
  }, [election.id, election.version]);
  const draft = election.status === 'draft';
  const steps = (/** @type {Step[]} */ some, /** @type {string} */ zone) => html`<${TimeLine} election=${election} steps=${some} zone=${zone} voters=${voters} />`;
  if (election.time_zone && (!plan || (!editing && plan.version < election.version))) return html`<p role="status">${t('loading')}</p>`;
  if (!draft && !election.closes_at) return html`<p class="note">${t('schedule.open_ended')} <a href="#/e/${election.id}/trail">${t('schedule.open_ended.since')}</a></p>`;
  if (can && (editing || !election.time_zone)) {
    const done = async (/** @type {number | undefined} */ version) => {
      if (version) await load(version);
      back.current = true;
      setEditing(false);
    };
    return html`<${Planning} election=${election} plan=${election.time_zone ? plan : null} steps=${steps} done=${done} />`;
  }
  if (!plan) return html`<p>${t('schedule.none')}</p>`;
  const clear = async () => {
    const answer = await command('PUT', `${path}/schedule`, { time_zone: plan.time_zone });
    if (answer.ok) {
      await load(answer.body.version);
      setAsking(false);
    }
    return answer;
  };
  const zone = plan.time_zone ?? 'UTC';
  const moved = [plan.opens_at, plan.closes_at].filter((planned) => planned?.shown);
  return html`<div class="stack wide">
    ${moved.length > 0 && html`<div class="note bad stack"><p><b>${t('schedule.rules_changed')}</b></p>
      ${moved.map((planned) => html`<p>${t('schedule.shown', { zone, local: localWords(planned?.local ?? ''), shown: localWords(planned?.shown ?? '') })}</p>`)}
      <p class="small">${t('schedule.shown.do')}</p></div>`}
    <section class="card stack wide"><h2>${t(draft ? 'schedule.what' : 'schedule.what.open')}</h2>${steps(stepsOf(plan), zone)}
      ${draft && plan.opens_at && html`<p class="small quiet">${election.contact ? t('schedule.notice', { email: election.contact }) : t('schedule.no_notice')}</p>`}
      <p class="small quiet">${t('schedule.rules', { rules: plan.rules ?? '' })}${plan.rules !== plan.current_rules && html`${' '}${t('schedule.rules.now', { rules: plan.current_rules })}`}</p></section>
    ${can && html`<div class="buttons start"><${Change} focus=${back.current} onClick=${() => setEditing(true)} />
      ${draft && html`<button type="button" class="button danger" onClick=${() => setAsking(true)}>${t('schedule.clear')}</button>`}</div>`}
    ${asking && html`<${Confirm} title=${t('schedule.clear.confirm')} what=${t('schedule.clear.what')} action=${t('schedule.clear')} work=${clear} onClose=${() => setAsking(false)} />`}
  </div>`;
}

/** @param {{focus: boolean, onClick: () => void}} props */
function Change({ focus, onClick }) {
  const ref = useRef(/** @type {HTMLButtonElement | null} */ (null));
  useEffect(() => {
    if (focus) ref.current?.focus();
  }, []);
  return html`<button type="button" class="button" ref=${ref} onClick=${onClick}>${t('schedule.change')}</button>`;
}

/**
 * What happens when, and what each step does. What is past is marked.
 * @param {{election: import('./main.js').Election, steps: Step[], zone: string, voters: number | null}} props
 */
function TimeLine({ election, steps, zone, voters }) {
  useSeconds();
  const opened = election.status !== 'draft';
  const states = steps.map(({ kind, at, unfit }) => {
    if (unfit) return 'unfit';
    if (kind === 'opens' && opened) return 'past';
    if (opened && kind === 'reminder' && at && at.getTime() <= now()) return 'past';
    return at && at.getTime() < now() - LATE ? 'due' : 'future';
  });
  const next = steps.findIndex(({ at }, i) => at && states[i] === 'future');
  const hand = election.links === 'invite' ? 'invite' : 'hand_out';
  return html`<ol class="time-line">${steps.map(({ kind, at: planned, local, before, unfit }, i) => {
    const state = states[i];
    // It is not known here when it was opened by hand.
    const early = opened && kind === 'opens' && (!planned || planned.getTime() > now());
    const at = early ? null : planned;
    const what = unfit ? `step.${unfit === 'unclear' ? unfit : `${kind}.${unfit}`}` : kind === 'opens' ? `step.opens.${early ? 'early' : opened ? 'past' : !at ? 'by_hand' : voters === 0 ? 'nobody' : hand}` : kind === 'closes' ? `step.closes${at ? '' : '.by_hand'}` : state === 'past' ? 'step.reminder.past' : 'step.reminder';
    const amiss = ['due', 'unfit'].includes(state);
    return html`<li key=${kind + (before ?? '')} data-state=${i === next ? 'next' : state} aria-current=${i === next ? 'step' : null}>
      <span class="mark ${state === 'past' ? 'ok' : amiss ? 'no' : ''}" role="img" aria-label=${t(`step.${i === next ? 'next' : state}`)}>${state === 'past' ? '✓' : amiss ? '!' : ''}</span>
      <div><h3>${before ? t('step.reminder.title', { before: periodWords(before) }) : t(`step.${kind}.title${state === 'past' ? '.past' : ''}`)}</h3>
        ${at && html`<p><${Moment} brief at=${at} zone=${zone} shown=${local && localWords(local)} /></p>`}
        ${at && at.getTime() > now() && kind !== 'reminder' && html`<p><${Countdown} to=${at} say=${(/** @type {string} */ time) => t('in', { time })} /></p>`}
        <p class="small ${unfit ? 'wrong' : 'quiet'}">${t(what, { count: voters ?? 0, voters: number(voters ?? 0) })}</p></div></li>`;
  })}</ol>`;
}
