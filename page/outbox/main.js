// @ts-check
/** The mails that a local server has sent: for its administrator, who can try everything without a mail service. */
import { leave, token } from '../admin/sign-in.js';
import { html, render, useEffect, useRef, useState } from '../lib/html.js';
import { Languages, Message, useTitle } from '../lib/parts.js';
import { has, moment, t } from '../lib/words.js';

/** @typedef {{name: string, kind: string, to: string, recipient: string, subject: string, date: string | null, text: string, link: string | null, unsubscribe: string | null}} Mail */

/** How often the server is asked for new mails, and how long a person pauses while typing, in milliseconds. */
const [PAUSE, TYPING] = [3_000, 250];

/** How many mails are shown at first, and with each “more”. */
const PAGE = 100;

/** @typedef {{mails: Mail[], count: number, more: boolean}} Mails `count` are in the outbox, and `more` of those that were asked for. */

/** @param {number} limit @param {string} search @returns {Promise<{found?: Mails, state: 'in' | 'out' | 'none' | 'unreachable'}>} */
async function ask(limit, search) {
  if (!token()) return { state: 'out' };
  try {
    const answer = await fetch(`/local/mails?${new URLSearchParams({ limit: String(limit), search })}`, { headers: { Authorization: `Bearer ${token()}` }, cache: 'no-store' });
    if (answer.ok) return { found: await answer.json(), state: 'in' };
    return { state: answer.status === 401 || answer.status === 403 ? 'out' : answer.status === 404 ? 'none' : 'unreachable' };
  } catch {
    return { state: 'unreachable' };
  }
}

function Outbox() {
  const [state, setState] = useState('arriving');
  const [found, setFound] = useState(/** @type {Mails} */ ({ mails: [], count: 0, more: false }));
  const [most, setMost] = useState(PAGE);
  const [wish, setWish] = useState('');
  const [chosen, setChosen] = useState('');
  const letter = useRef(/** @type {HTMLElement | null} */ (null));
  useTitle(t('outbox.title'));
  useEffect(() => {
    let timer = 0;
    let gone = false;
    const look = async () => {
      const answer = document.visibilityState === 'visible' ? await ask(most, wish) : null;
      if (gone) return;
      if (answer) setState(answer.state);
      if (answer?.found) setFound(answer.found);
      if (!answer || answer.state === 'in' || answer.state === 'unreachable') timer = setTimeout(look, PAUSE);
    };
    timer = setTimeout(look, wish ? TYPING : 0);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [most, wish]);
  if (state === 'arriving') return html`<${Message} title=${t('loading')} />`;
  if (state === 'out') return html`<${Message} title=${t('outbox.title')}><p>${t('outbox.sign_in')}</p><p><button type="button" class="button next" onClick=${() => leave()}>${t('sign_in')}</button></p><//>`;
  if (state === 'none') return html`<${Message} title=${t('not_found')}><p>${t('outbox.none')}</p><p><a class="button" href="/admin">${t('outbox.back')}</a></p><//>`;
  const { mails, count, more } = found;
  const shown = mails.find(({ name }) => name === chosen) ?? mails[0];
  const choose = (/** @type {string} */ name) => {
    setChosen(name);
    // On a narrow screen the mail stands below the list.
    requestAnimationFrame(() => letter.current?.scrollIntoView({ block: 'nearest' }));
  };
  return html`<main class="page wide outbox" id="main"><div class="head"><h1 tabindex="-1">${t('outbox.title')}</h1><a class="button plain" href="/admin">${t('outbox.back')}</a></div>
    <p>${t('outbox.what')}</p>
    <div role="alert">${state === 'unreachable' && html`<p class="note bad">${t('unreachable')}</p>`}</div>
    ${count > 0 && html`<p class="field"><label>${t('outbox.search', { count })}<input type="search" value=${wish} autocomplete="off" onInput=${(/** @type {any} */ event) => { setMost(PAGE); setWish(event.target.value); }} /></label></p>`}
    ${shown ? html`<div class="mails"><div><ul aria-label=${t('outbox.list')}>${mails.map((mail) => html`<li key=${mail.name}><button type="button" aria-current=${mail === shown ? 'true' : null} onClick=${() => choose(mail.name)}>
        <b>${mail.recipient || mail.to}</b>${mail.recipient && html`<span class="small">${mail.to}</span>`}<span>${mail.subject}</span><span class="small quiet">${kindOf(mail)} · ${when(mail)}</span></button></li>`)}</ul>
        ${more && html`<p><button type="button" class="button" onClick=${() => setMost(most + PAGE)}>${t('more')}</button></p>`}</div>
      <article class="letter" ref=${letter} aria-label=${shown.subject}><p class="small quiet">${t('outbox.to', { to: shown.recipient ? `${shown.recipient} · ${shown.to}` : shown.to })}<br />${when(shown)}</p><h2>${shown.subject}</h2><p>${shown.text.trim()}</p>
        ${shown.link && html`<p><a class="button next" href=${shown.link} target="_blank" rel="noopener noreferrer">${t('outbox.open')}</a></p>`}</article></div>`
      : html`<p class="card">${t(count ? 'outbox.nothing' : 'outbox.empty')}</p>`}
    <${Languages} /></main>`;
}

/** @param {Mail} mail */
const kindOf = ({ kind }) => (has(`mail.${kind}`) ? t(`mail.${kind}`) : kind);
/** @param {Mail} mail */
const when = ({ date }) => (date ? moment(new Date(date), Date.now()) : '');

render(html`<${Outbox} />`, /** @type {HTMLElement} */ (document.getElementById('page')));
