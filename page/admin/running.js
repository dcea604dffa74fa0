// @ts-check
/** An election that is open or over: turnout in two numbers, extend, close. */
import { html, useEffect, useState } from '../lib/html.js';
import { now } from '../lib/api.js';
import { Countdown, Moment } from '../lib/moments.js';
import { exactly, number, t } from '../lib/words.js';
import { local } from './check.js';
import { Confirm, Field, Refusal, ask, command, useCommand } from './work.js';

/** @param {import('./photographs.js').PartProps} props */
export function Running({ election, load, can }) {
  const [turnout, setTurnout] = useState(/** @type {any} */ (null));
  const [asking, setAsking] = useState(false);
  const path = `/elections/${election.id}`;
  const open = election.status === 'open';
  useEffect(() => {
    const look = async () => {
      if (document.visibilityState !== 'visible') return;
      const answer = await ask('GET', `${path}/turnout`);
      if (answer.ok) setTurnout(answer.body);
    };
    look();
    if (!open) return undefined;
    const timer = setInterval(look, 5_000);
    return () => clearInterval(timer);
  }, [election.id, open]);
  const close = async () => {
    const answer = await command('POST', `${path}/close`);
    if (answer.ok) {
      location.hash = `/e/${election.id}/results`;
      await load(answer.body.version);
    }
    return answer;
  };
  const end = election.closes_at && new Date(election.closes_at);
  return html`<div class="stack wide">
    <section class="card wide" aria-label=${t('turnout')}><div class="figures">
      <p><b id="cast">${turnout ? number(turnout.cast) : '–'}</b>${t('turnout.cast')}</p>
      <p><b id="registered">${turnout ? number(turnout.registered) : '–'}</b>${t('turnout.registered')}</p></div>
      <p class="small quiet">${t('turnout.what')}</p></section>
    ${open && end ? html`<div class="head"><p><b><${Countdown} to=${end} say=${(/** @type {string} */ time) => t('closes.in', { time })} after=${t('closes.now')} /></b><br /><${Moment} brief at=${end} zone=${election.time_zone} /></p>
        <a class="button" href="#/e/${election.id}/schedule">${t('part.schedule')}</a></div>`
      : html`<p>${end ? t('running.closed', { time: exactly(end) }) : t(open ? 'running.no_end' : 'running.over')}</p>`}
    ${open && can && html`<div class="pair">
      ${end && html`<${Extend} path=${path} end=${end} load=${load} />`}
      <section class="card stack"><h2>${t('close_election')}</h2><p>${t('close.what')}</p><button type="button" class="button danger" onClick=${() => setAsking(true)}>${t('close_election')}</button></section></div>`}
    ${asking && html`<${Confirm} title=${t('close.confirm', { name: election.name })} what=${t('close.what')} action=${t('close_election')} work=${close} onClose=${() => setAsking(false)} />`}
  </div>`;
}

/** @param {{path: string, end: Date, load: (version?: number) => Promise<any>}} props */
function Extend({ path, end, load }) {
  const { busy, problem, run } = useCommand();
  const [later, setLater] = useState(local(new Date(end.getTime() + 86_400_000)));
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const answer = await run(() => command('POST', `${path}/extend`, { closes_at: new Date(later).toISOString() }));
    if (answer.ok) await load(answer.body.version);
  };
  return html`<form class="card stack form" onSubmit=${send}><h2>${t('extend')}</h2>
    <${Field} name="closes_at" label=${t('field.closes')} type="datetime-local" required value=${later} min=${local(new Date(Math.max(now(), end.getTime())))} problem=${problem} hint=${t('check.zone')} onInput=${setLater} />
    <${Refusal} problem=${problem} fields=${['closes_at']} /><button class="button" disabled=${busy}>${t('extend')}</button></form>`;
}
