// @ts-check
/** The check list before the opening: what is, what is missing, and the button that mends it. */
import { html, useEffect, useState } from '../lib/html.js';
import { now } from '../lib/api.js';
import { MINE, clocks } from '../lib/moments.js';
import { exactly, t } from '../lib/words.js';
import { Confirm, Field, command, read } from './work.js';

/** A time of the reader's own clock, as a form writes it. @param {Date} date */
export function local(date) {
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** @param {import('./photographs.js').PartProps & {plan: import('./planned.js').Plan | null}} props */
export function Check({ election, plan, load, can }) {
  const [voters, setVoters] = useState(/** @type {number | null} */ (null));
  const [end, setEnd] = useState('');
  const [asking, setAsking] = useState(false);
  const path = `/elections/${election.id}`;
  useEffect(() => {
    read(`${path}/turnout`).then((answer) => answer.ok && setVoters(answer.body.registered));
  }, [election.id]);
  const { competitions } = election;
  const all = competitions.flatMap(({ candidates }) => candidates);
  const small = competitions.filter(({ candidates }) => candidates.length < 2);
  const bare = all.filter(({ image }) => !image).length;
  const planned = election.closes_at;
  const closes = end || planned ? new Date(end || planned) : null;
  const there = (/** @type {any} */ at) => t('zone.named', { name: clocks(new Date(at), election.time_zone ?? MINE), zone: election.time_zone ?? MINE });
  const past = Boolean(closes && closes.getTime() <= now());
  const invites = election.links === 'invite';
  // What prevents a planned opening. By hand, voting can begin without voters.
  const prevented = (election.opens_at && plan?.prevented_by) || [];
  const obstacle = prevented.find(({ code }) => ['no_voters', 'links_not_shown'].includes(code));
  const late = Boolean(election.opens_at && new Date(election.opens_at).getTime() <= now());
  const ready = competitions.length > 0 && small.length === 0 && !past;
  const rehearse = () => {
    sessionStorage.setItem('photovote.rehearsal', JSON.stringify({ ...election, status: 'open', closes_at: closes && !past ? closes.toISOString() : null }));
    location.assign('/vote#rehearsal');
  };
  const go = (/** @type {string} */ part) => html`<a class="button" href="#/e/${election.id}/${part}">${t('check.mend')}</a>`;
  const open = async () => {
    const answer = await command('POST', `${path}/open`, end ? { closes_at: new Date(end).toISOString() } : {});
    if (answer.ok) {
      location.hash = `/e/${election.id}/running`;
      await load(answer.body.version);
    }
    return answer;
  };
  return html`<div class="stack wide">
    <ul class="rows card wide check">
      <${Line} good=${competitions.length > 0 && !small.length} what=${t('check.photographs', { count: all.length, competitions: competitions.length })}
        more=${!competitions.length ? t('check.no_competition') : small.length ? t('check.small', { name: small[0].name }) : t('check.photographs.good')}>
        ${go('photographs')}<//>
      ${bare > 0 && html`<${Line} good=${null} what=${t('check.bare', { count: bare })} more=${t('check.bare.what')}>${go('photographs')}<//>`}
      <${Line} good=${obstacle ? false : voters === null ? null : voters > 0 || null} what=${voters === null ? t('loading') : t('check.voters', { count: voters })}
        more=${obstacle ? t(`obstacle.${obstacle.code}`, { count: obstacle.count ?? 0 }) : voters ? t(invites ? 'check.invite' : 'check.links') : t('check.no_voters')}>${go('voters')}<//>
      ${invites && html`<${Line} good=${election.contact ? true : null} what=${t('part.mailings')} more=${election.contact ? t('check.contact', { email: election.contact }) : t('check.no_contact')}>${go(election.contact ? 'mailings' : 'settings')}<//>`}
      <${Line} good=${late ? false : election.opens_at ? true : null} what=${election.opens_at ? t('check.opens', { time: there(election.opens_at) }) : t('check.by_hand')} more=${t(late ? 'planned.late' : election.opens_at ? 'check.opens.what' : 'check.by_hand.what')}>${go('schedule')}<//>
      <${Line} good=${past ? false : closes ? true : null} what=${past ? t('problem.closing_time_past') : closes ? t('check.closes', { time: end ? exactly(closes) : there(planned) }) : t('check.no_end')} more=${planned ? t('check.closes.what') : closes ? t('check.zone') : t('check.no_end.what')}>
        ${planned ? go('schedule') : html`<${Field} name="closes_at" label=${t('field.closes')} type="datetime-local" value=${end} min=${local(new Date(now() + 60_000))} onInput=${setEnd} />`}<//>
      <${Line} good=${null} what=${t('check.rehearsal')} more=${t('check.rehearsal.what')}>
        <button type="button" class="button" disabled=${!all.length} onClick=${rehearse}>${t('check.rehearse')}</button><//>
    </ul>
    <div class="buttons start"><button type="button" class="button next" disabled=${!ready || !can} onClick=${() => setAsking(true)}>${invites && voters ? t('open.invite', { count: voters }) : t('open.now')}</button>
      <span class="small quiet">${ready ? t('open.what') : t('open.missing')}</span></div>
    ${asking && html`<${Confirm} title=${t('open.confirm', { name: election.name })} what=${t('open.what')} action=${invites && voters ? t('open.invite', { count: voters }) : t('open.now')} next work=${open} onClose=${() => setAsking(false)}>
      <p>${closes ? t('check.closes', { time: there(closes) }) : t('check.no_end.what')}</p>${invites && html`<p>${t('open.mails')}</p>`}<//>`}
  </div>`;
}

/** @param {{good: boolean | null, what: string, more: string, children?: any}} props */
function Line({ good, what, more, children }) {
  const [sign, words, kind] = good === null ? ['–', t('check.maybe'), ''] : good ? ['✓', t('check.good'), 'ok'] : ['!', t('check.bad'), 'no'];
  return html`<li><span class="mark ${kind}" role="img" aria-label=${words}>${sign}</span>
    <div class="grow"><b>${what}</b><br /><span class="small quiet">${more}</span></div>${children}</li>`;
}
