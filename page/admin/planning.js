// @ts-check
/** The form that plans an election. It shows what it would mean in both zones, and asks before anything moves. The server alone decides. */
import { now } from '../lib/api.js';
import { html, useEffect, useMemo, useRef, useState } from '../lib/html.js';
import { AOE, MINE, Moment, clocks, span } from '../lib/moments.js';
import { t } from '../lib/words.js';
import { Confirm, Field, Refusal, command, useCommand } from './work.js';
import { ZONES, before, localIn, localWords, period, periodWords, resolve, simple, split, zoneOf } from './zones.js';

/** Reminders that are offered. */
const OFFERED = ['P7D', 'P2D', 'P1D', 'PT3H'];
const MOST = 10;
const UNITS = ['D', 'H', 'M'];
/** Why a local time names no moment, or a wrong one. */
const UNCLEAR = ['local_time_skipped', 'local_time_repeated', 'local_time_offset'];

/** What is written: local times, perhaps with an offset that was chosen; and a zone as text. @typedef {{opens_at: string, closes_at: string, zone: string, reminders: string[]}} Form */

/** @param {import('./main.js').Election} election @param {import('./planned.js').Plan | null} plan @returns {Form} */
function begin(election, plan) {
  const zone = plan?.time_zone ?? MINE;
  const closes = plan?.closes_at?.local ?? (election.closes_at ? localIn(new Date(election.closes_at), zone) : '');
  return { opens_at: plan?.opens_at?.local ?? '', closes_at: closes, zone, reminders: (plan?.reminders ?? []).map(({ before }) => before) };
}

/**
 * A refusal in the reader's language: times that the server proposes are in its sentence.
 * @param {any} problem @param {Form} form @param {{at: Date | null, unfit: string}[]} reminders
 */
function worded(problem, form, reminders) {
  const { code, field, detail = '' } = problem;
  if (UNCLEAR.includes(code)) {
    const proposed = detail.match(/\d{4}-\d\d-\d\dT[\d:]+(?:[+-]\d\d:\d\d)?/g) ?? [];
    // An offset that the zone does not have then is mended by one time, the others by one of two.
    if (proposed.length < (code === 'local_time_offset' ? 1 : 2)) return { ...problem, words: 'other', values: { detail } };
    const [first, second] = proposed.map(localWords);
    return { ...problem, proposed, values: { zone: zoneOf(form.zone) ?? form.zone, first, second } };
  }
  if (code !== 'invalid_value') return problem;
  if (field === 'time_zone') return { ...problem, words: 'no_such_zone' };
  if (field === 'closes_at' && form.closes_at) return { ...problem, words: 'closes_first' };
  if (field === 'closes_at') return { ...problem, words: 'reminders_need_close' };
  if (field !== 'reminders') return problem;
  if (form.reminders.length > MOST) return { ...problem, words: 'too_many_reminders' };
  if (new Set(reminders.map((one) => Number(one.at))).size < reminders.length) return { ...problem, words: 'reminders_same' };
  return reminders.some((one) => one.unfit === 'early') ? { ...problem, words: 'reminders_unfit' } : { ...problem, words: 'other', values: { detail: problem.detail } };
}

/**
 * @param {{election: import('./main.js').Election, plan: import('./planned.js').Plan | null, done: (version?: number) => Promise<void>,
 *   steps: (steps: import('./schedule.js').Step[], zone: string) => any}} props
 */
export function Planning({ election, plan, done, steps }) {
  const { busy, problem, run } = useCommand();
  const [form, setForm] = useState(() => begin(election, plan));
  const [asking, setAsking] = useState(false);
  const draft = election.status === 'draft';
  const invites = election.links === 'invite';
  const zone = zoneOf(form.zone);
  // What a refusal says is about what was sent.
  const [sent, setSent] = useState(form);
  // What was refused stays refused until something changes.
  const set = (/** @type {Partial<Form>} */ change) => setForm((before) => (Object.entries(change).every(([name, value]) => before[/** @type {keyof Form} */ (name)] === value) ? before : { ...before, ...change }));
  const found = { opens_at: zone ? resolve(form.opens_at, zone) : null, closes_at: zone ? resolve(form.closes_at, zone) : null };
  const at = (/** @type {'opens_at' | 'closes_at'} */ name) => { const one = found[name]; return one && 'at' in one ? one.at : null; };
  const opened = !draft && plan?.opens_at ? new Date(plan.opens_at.at) : null;
  const [opens, closes] = [opened ?? at('opens_at'), at('closes_at')];
  const reminders = (closes && zone ? form.reminders : []).map((one) => ({ before: one, at: before(/** @type {Date} */ (closes), one, zone ?? 'UTC') }))
    .filter((one) => one.at !== null).sort((a, b) => Number(a.at) - Number(b.at)).map((one) => ({ ...one, kind: /** @type {const} */ ('reminder'), unfit: unfitOf(one.at, draft && Number(opens) < Number(closes) ? opens : null, plan) }));
  const told = problem && form === sent ? worded(problem, form, reminders) : null;
  // Those that would come before the opening stand before it.
  const unclear = (/** @type {'opens_at' | 'closes_at'} */ name) => (form[name] && !at(name) ? 'unclear' : '');
  const opening = { kind: /** @type {const} */ ('opens'), at: opens, unfit: draft ? unclear('opens_at') || (opens && opens.getTime() <= now() ? 'late' : '') : '' };
  const closing = { kind: /** @type {const} */ ('closes'), at: closes, unfit: unclear('closes_at') || endOf(closes, opens, draft ? null : election.closes_at) };
  const line = [...reminders.filter((one) => one.unfit), opening, ...reminders.filter((one) => !one.unfit), closing];
  const clear = Object.values(found).every((one) => !one || 'at' in one);
  const lines = changes(plan, election, { opens: draft ? opens : undefined, closes, reminders, zone });
  const save = async () => {
    const body = { ...(draft && form.opens_at && { opens_at: form.opens_at }), ...(form.closes_at && { closes_at: form.closes_at }), time_zone: zone ?? form.zone, reminders: form.reminders };
    setSent(form);
    const answer = await run(() => command('PUT', `/elections/${election.id}/schedule`, body));
    if (answer.ok) await done(answer.body.version);
    else {
      setAsking(false);
      // A refusal is read out, and what there is to choose comes next.
      setTimeout(() => /** @type {HTMLElement | null} */ (document.querySelector('.plan [aria-invalid="true"]'))?.focus());
    }
    return answer;
  };
  const send = (/** @type {Event} */ event) => {
    event.preventDefault();
    // What is unclear or unfit here is for the server to say: it refuses it, with what there is to choose.
    if (clear && zone && !line.some((one) => one.unfit)) setAsking(true);
    else save();
  };
  useEffect(() => {
    // The button that led here is gone.
    if (election.time_zone) /** @type {HTMLElement | null} */ (document.querySelector('.plan input'))?.focus();
  }, []);
  const time = (/** @type {'opens_at' | 'closes_at'} */ name) => html`<${Time} name=${name} value=${form[name]} found=${found[name]} zone=${zone} problem=${told} onInput=${(/** @type {string} */ value) => set({ [name]: value })} />`;
  return html`<form class="stack wide" onSubmit=${send}>
    <div class="plan">
      <section class="card stack form"><h2>${t('schedule.title')}</h2><p class="small quiet">${t(draft ? 'schedule.title.what' : invites ? 'schedule.title.open' : 'schedule.title.open.hand_out')}</p>
        <${Zone} value=${form.zone} zone=${zone} problem=${told} onInput=${(/** @type {string} */ value) => set({ zone: value })} />
        ${draft && time('opens_at')}${time('closes_at')}
        ${invites ? html`<${Reminders} value=${form.reminders} problem=${told} onInput=${(/** @type {string[]} */ value) => set({ reminders: value })} />`
          : html`<p class="small quiet">${t('reminders.hand_out')}</p>`}
      </section>
      <section class="card stack wide preview-plan"><h2>${t('schedule.preview')}</h2>
        ${zone && (opens || closes) ? steps(line, zone)
          : html`<p class="small quiet">${t('schedule.preview.empty')}</p>`}</section>
    </div>
    <${Refusal} problem=${told} fields=${['opens_at', 'closes_at', 'time_zone', 'reminders']} />
    <div class="buttons start"><button class="button next" disabled=${busy || !(form.opens_at || form.closes_at)}>${t('schedule.save')}</button>
      ${election.time_zone && html`<button type="button" class="button plain" disabled=${busy} onClick=${() => done()}>${t('cancel')}</button>`}</div>
    ${asking && html`<${Confirm} title=${t('schedule.confirm')} what=${t(lines.length ? 'schedule.confirm.what' : 'schedule.confirm.same')} action=${t('schedule.save')} next work=${save} onClose=${() => setAsking(false)}>
      <ul class="rows moves">${lines.map(({ words, at }) => html`<li><div class="grow"><b>${words}</b>${at && html`<br /><${Moment} brief at=${at} zone=${zone} />`}</div></li>`)}</ul><//>`}
  </form>`;
}

/** Why voting cannot end then: it would not have begun, or an end that was promised would come sooner. @param {Date | null} closes @param {Date | null} opens @param {string | null | undefined} promised */
function endOf(closes, opens, promised) {
  if (!closes) return '';
  if (opens && closes <= opens) return 'early';
  return closes.getTime() <= now() || (promised && closes < new Date(promised)) ? 'late' : '';
}

/**
 * Why a reminder cannot be: it comes before the opening, or its moment has passed. One that went out then stays in the plan.
 * @param {Date | null} at @param {Date | null} opens @param {import('./planned.js').Plan | null} plan @returns {'' | 'early' | 'late'}
 */
function unfitOf(at, opens, plan) {
  if (opens && Number(at) <= Number(opens)) return 'early';
  return Number(at) > now() || plan?.reminders.some((one) => new Date(one.at).getTime() === Number(at)) ? '' : 'late';
}

/**
 * What a new plan moves, in words.
 * @param {import('./planned.js').Plan | null} plan @param {import('./main.js').Election} election
 * @param {{opens: Date | null | undefined, closes: Date | null, reminders: {before: string, at: Date | null}[], zone: string | null}} wanted No `opens` if that is past.
 */
function changes(plan, election, { opens, closes, reminders, zone }) {
  /** @type {{words: string, at?: Date | null}[]} */
  const lines = [];
  const moves = (/** @type {'opens' | 'closes'} */ kind, /** @type {Date | null} */ was, /** @type {Date | null} */ is) => {
    const by = Number(is) - Number(was);
    if (!was && is) lines.push({ words: t(`moves.${kind}.new`), at: is });
    else if (was && !is) lines.push({ words: t(`moves.${kind}.gone`) });
    else if (was && is && by) lines.push({ words: t(`moves.${kind}.${by > 0 ? 'later' : 'earlier'}`, { time: span(Math.abs(by)) }), at: is });
  };
  const date = (/** @type {string | null | undefined} */ text) => (text ? new Date(text) : null);
  if (opens !== undefined) moves('opens', date(plan?.opens_at?.at), opens);
  moves('closes', date(plan?.closes_at?.at ?? election.closes_at), closes);
  const old = plan?.reminders ?? [];
  const same = reminders.filter((one) => old.some(({ before }) => before === one.before));
  const was = (/** @type {{before: string}} */ one) => Number(date(old.find(({ before }) => before === one.before)?.at));
  const moved = same.filter((one) => Number(one.at) !== was(one));
  // One that went out goes out again at its new time.
  const again = moved.filter((one) => was(one) <= now());
  const counts = { moved: moved.length - again.length, again: again.length, added: reminders.length - same.length, removed: old.length - same.length };
  for (const [kind, count] of Object.entries(counts)) if (count) lines.push({ words: t(`moves.reminders.${kind}`, { count }) });
  if (plan && zone && plan.time_zone !== zone) lines.push({ words: t('moves.zone', { zone: zone === AOE ? t('zone.aoe') : zone }) });
  return lines;
}

/**
 * A time as clocks in the zone show it. If they show it never or twice, the server says so and proposes two others.
 * @param {{name: 'opens_at' | 'closes_at', value: string, found: any, zone: string | null, problem: any, onInput: (value: string) => void}} props
 */
function Time({ name, value, found, zone, problem, onInput }) {
  const mine = problem?.field === name ? problem : null;
  // A repeated time keeps its two choices after one was made.
  const [choices, setChoices] = useState(/** @type {string[]} */ ([]));
  const { time, offset } = split(value);
  useEffect(() => {
    if (mine?.proposed) setChoices(mine.proposed);
  }, [mine]);
  const repeated = choices.filter((choice) => split(choice).offset && split(choice).time === time);
  const other = mine?.proposed?.filter((/** @type {string} */ choice) => !repeated.includes(choice)) ?? [];
  return html`<div class="stack form">
    <${Field} name=${name} label=${t(`field.${name}`)} type="datetime-local" step="any" value=${time} problem=${mine} onInput=${onInput} />
    ${repeated.length > 0 ? html`<fieldset class="field choices"><legend>${t('repeated')}</legend>
      ${repeated.map((choice, i) => html`<label class="tick"><input type="radio" name="${name}-offset" checked=${choice === value} onChange=${() => onInput(choice)} />
        <span><b>${localWords(choice)}</b><br /><span class="small quiet">${t(i ? 'repeated.second' : 'repeated.first')}</span></span></label>`)}</fieldset>`
      : offset && html`<p class="small">${t('repeated.chosen', { offset })}</p>`}
    ${other.length > 0 && html`<div class="buttons start">${other.map((/** @type {string} */ choice) => html`<button type="button" class="button" onClick=${() => onInput(choice)}>${localWords(choice)}</button>`)}</div>`}
    ${found && 'ambiguous' in found && !mine && html`<p class="small quiet">${t(`ambiguous.${found.ambiguous}`, { zone: zone ?? '' })}</p>`}
  </div>`;
}

/** The zone whose clocks are meant: a list that can be searched. @param {{value: string, zone: string | null, problem: any, onInput: (value: string) => void}} props */
function Zone({ value, zone, problem, onInput }) {
  const options = useMemo(() => html`<datalist id="zones"><option value=${AOE}>${t('zone.aoe')}</option>${ZONES.map((name) => html`<option value=${name}></option>`)}</datalist>`, []);
  const [moment, setMoment] = useState(now());
  useEffect(() => {
    const timer = setInterval(() => setMoment(now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  const hint = zone ? t('field.zone.now', { zone: zone === AOE ? t('zone.aoe') : zone, time: clocks(new Date(moment - (moment % 60_000)), zone) }) : t('field.zone.hint');
  return html`<${Field} name="time_zone" label=${t('field.zone')} list="zones" spellcheck=${false} required value=${value} problem=${problem} hint=${hint} onInput=${onInput}
    onFocus=${(/** @type {any} */ event) => event.target.select()} onBlur=${(/** @type {any} */ event) => onInput(zoneOf(event.target.value) ?? event.target.value)} />${options}`;
}

/** Reminders of those who have not cast. @param {{value: string[], problem: any, onInput: (value: string[]) => void}} props */
function Reminders({ value, problem, onInput }) {
  const group = useRef(/** @type {HTMLFieldSetElement | null} */ (null));
  const put = (/** @type {number} */ i, /** @type {string} */ one) => onInput(value.map((other, at) => (at === i ? one : other)));
  const offered = value.length < MOST ? OFFERED.filter((one) => !value.includes(one)) : [];
  const remove = (/** @type {number} */ i) => {
    onInput(value.filter((_, at) => at !== i));
    // The button that had the focus is gone.
    group.current?.querySelector('button')?.focus();
  };
  return html`<fieldset class="field reminders" ref=${group}><legend>${t('reminders')}</legend><p class="small quiet">${t('reminders.what')}</p>
    ${value.length > 0 && html`<ul class="rows">${value.map((one, i) => {
      const parts = simple(one);
      const name = t('reminders.one', { before: periodWords(one) });
      return html`<li key=${i}>${parts && parts.unit !== 'W' ? html`
          <input type="number" min="1" max="9999" required aria-label=${t('reminders.count')} value=${parts.count} onInput=${(/** @type {any} */ event) => event.target.validity.valid && put(i, period(Number(event.target.value), parts.unit))}
            onBlur=${(/** @type {any} */ event) => { event.target.value = String(parts.count); }} />
          <select aria-label=${t('reminders.unit')} onChange=${(/** @type {any} */ event) => put(i, period(parts.count, event.target.value))}>
            ${UNITS.map((unit) => html`<option value=${unit} selected=${unit === parts.unit}>${t(`unit.${unit}`)}</option>`)}</select>
          <span class="grow">${t('reminders.before')}</span>` : html`<span class="grow">${name}</span>`}
        <button type="button" class="link" aria-label=${t('remove.one', { name })} onClick=${() => remove(i)}>${t('remove')}</button></li>`;
    })}</ul>`}
    ${problem?.field === 'reminders' && html`<${Refusal} problem=${problem} />`}
    ${value.length >= MOST && html`<p class="small quiet">${t('problem.too_many_reminders')}</p>`}
    ${offered.length > 0 && html`<div class="buttons start">${offered.map((one) => html`<button type="button" class="button small" onClick=${() => onInput([...value, one])}>${t('reminders.add', { before: periodWords(one) })}</button>`)}</div>`}
  </fieldset>`;
}
