// @ts-check
/** What was mailed to the voters of an election, and what became of it. */
import { html, useEffect, useState } from '../lib/html.js';
import { newKey, now } from '../lib/api.js';
import { moment, number, t } from '../lib/words.js';
import { Bounced } from './bounced.js';
import { Compose } from './compose.js';
import { useOutbox } from './outbox.js';
import { ask } from './work.js';

/** The first and the longest pause before the server is asked again how far the mails are, in milliseconds. */
const [SOON, LATE] = [500, 5_000];

/** @typedef {{queued: number, sent: number, failed: number, bounced: number, complained: number}} Counts */
/** The counts that are told, in the order of a mail's life. @type {(keyof Counts)[]} */
const COUNTS = ['sent', 'queued', 'bounced', 'complained', 'failed'];

/** The mails that there are in all: those that came back were sent before. @param {Counts} counts */
const all = ({ queued, sent, failed }) => queued + sent + failed;

/** Which kinds of mailings can be asked for now. @param {import('./main.js').Election} election */
const kindsOf = ({ links, status }) => (status === 'released' ? ['results'] : status === 'open' && links === 'invite' ? ['reminder', 'invitation'] : []);

/** @param {import('./photographs.js').PartProps} props */
export function Mailings({ election, can }) {
  const [known, setKnown] = useState(/** @type {{invitations: Counts, mailings: any[]} | null} */ (null));
  // Voters who are still to be invited: their mails are not in the queue yet.
  const [left, setLeft] = useState(0);
  const [asked, setAsked] = useState(0);
  const keeps = useOutbox();
  const look = () => setAsked((n) => n + 1);
  const path = `/elections/${election.id}`;
  const inviting = election.links === 'invite';
  useEffect(() => {
    let timer = 0;
    let gone = false;
    let pause = SOON;
    const read = async () => {
      if (document.visibilityState !== 'visible') {
        timer = setTimeout(read, pause);
        return;
      }
      const answer = await ask('GET', `${path}/mailings`);
      if (gone) return;
      if (answer.ok) setKnown(answer.body);
      const more = can && election.status === 'open' && inviting ? await ask('POST', `${path}/mailings/preview`, { kind: 'invitation', to: 'not_invited' }, newKey()) : null;
      if (gone) return;
      if (more?.ok) setLeft(more.body.recipients);
      // What went out a while ago can still come back.
      const goes = !answer.ok || more?.body?.recipients > 0 || answer.body.invitations.queued > 0 || answer.body.mailings.some((/** @type {any} */ { complete }) => !complete);
      pause = goes ? Math.min(pause * 1.3, LATE) : LATE;
      if (election.status !== 'draft') timer = setTimeout(read, pause);
    };
    read();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [election.id, election.status, asked]);
  if (!known) return html`<p role="status">${t('loading')}</p>`;
  const { invitations, mailings } = known;
  const kinds = kindsOf(election);
  return html`<div class="stack wide">
    ${inviting && html`<section class="card stack wide"><h2>${t('mailings.invitations')}</h2>
      <p>${t(election.status === 'draft' ? 'mailings.draft' : election.status === 'open' ? 'mailings.invitations.what' : 'mailings.invitations.past')}</p>
      ${election.status !== 'draft' && all(invitations) + left > 0 && html`<${Standing} counts=${{ ...invitations, queued: invitations.queued + left }} label=${t('mailings.invitations')} complete=${!invitations.queued && !left} large />`}</section>
      ${election.status === 'open' && html`<${Bounced} election=${election} can=${can} count=${invitations.bounced + invitations.complained + invitations.failed} onSent=${look} />`}`}
    ${can && (kinds.length > 0 || (inviting && election.status === 'draft')) && html`<${Compose} key=${election.status} election=${election} kinds=${kinds} keeps=${keeps} onSent=${look} />`}
    ${!kinds.length && election.status !== 'draft' && html`<p class="quiet">${t('mailings.results.later')}</p>`}
    ${mailings.length > 0 && html`<section class="stack wide"><h2>${t('mailings.sent')}</h2><ul class="rows card wide">${mailings.map((mailing) => html`<li key=${mailing.id} class="mailing">
        <div class="grow"><b>${t(`mail.${mailing.kind}`)}</b> ${toWhom(mailing.to)}${mailing.subject && html`<br /><span class="small">${mailing.subject}</span>`}
          <br /><time class="small quiet" datetime=${mailing.requested_at}>${moment(new Date(mailing.requested_at), now())}</time></div>
        <${Standing} counts=${mailing.counts} complete=${mailing.complete} label=${t(`mail.${mailing.kind}`)} /></li>`)}</ul>
      ${!kinds.includes('reminder') && mailings.some(({ kind }) => kind === 'reminder') && html`<p class="small quiet">${t(keeps ? 'mailings.secret.here' : 'mailings.secret')}</p>`}</section>`}
    ${keeps && html`<p><a class="button" href="/outbox">${t('mailings.outbox')}</a></p>`}
  </div>`;
}

/** To whom a mailing goes, in words. @param {any} to */
function toWhom(to) {
  return typeof to === 'string' ? t(`mailings.to.${to}`) : t('mailings.to.voters', { count: to.voters.length });
}

/** How many mails became what, and how far they are. @param {{counts: Counts, complete: boolean, label: string, large?: boolean}} props */
function Standing({ counts, complete, label, large = false }) {
  const told = COUNTS.filter((name) => counts[name] > 0);
  const words = told.map((name) => html`<li class=${['bounced', 'complained', 'failed'].includes(name) ? 'amiss' : ''}><b>${number(counts[name])}</b> ${t(`mails.${name}`, { count: counts[name] })}</li>`);
  return html`<div class="standing-mails" data-complete=${complete}>
    ${told.length ? html`<ul class=${large ? 'figures three' : 'small counts'}>${words}</ul>` : html`<p class="small quiet">${t(complete ? 'mailings.none' : 'mailings.looking')}</p>`}
    ${!complete && html`<progress aria-label=${label} value=${counts.sent + counts.failed} max=${all(counts) || 1}></progress>`}</div>`;
}
