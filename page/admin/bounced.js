// @ts-check
/** Voters whose invitation did not arrive: their addresses are corrected here, or all are written to again. */
import { html, useEffect, useState } from '../lib/html.js';
import { has, t } from '../lib/words.js';
import { correct } from './voter.js';
import { Confirm, Field, Refusal, command, read, useCommand } from './work.js';

/** @typedef {{voter: string, name: string, email: string, reason: string}} Missed */

/** @param {{election: import('./main.js').Election, can: boolean, count: number, onSent: () => void}} props `count` changes when more come back. */
export function Bounced({ election, can, count, onSent }) {
  const [items, setItems] = useState(/** @type {Missed[]} */ ([]));
  const [cursor, setCursor] = useState('');
  const [asking, setAsking] = useState(false);
  const [said, setSaid] = useState('');
  const load = async (from = '') => {
    const answer = await read(`/elections/${election.id}/bounced?limit=50${from && `&cursor=${from}`}`);
    if (!answer.ok) return;
    setItems((before) => (from ? [...before, ...answer.body.items] : answer.body.items));
    setCursor(answer.body.next_cursor ?? '');
  };
  useEffect(() => { load(); }, [election.id, count]);
  if (!items.length) return html`<p class="said" role="status">${said}</p>`;
  const corrected = (/** @type {Missed} */ item, /** @type {string} */ email) => {
    setItems((before) => before.filter(({ voter }) => voter !== item.voter));
    setSaid(t('bounced.corrected', { name: item.name, email }));
    onSent();
  };
  // What no mail server takes cannot be sent again: it can only be corrected.
  const sendable = items.filter(({ reason }) => ['bounced', 'complained'].includes(reason));
  const again = async () => {
    const answer = await command('POST', `/elections/${election.id}/mailings`, { kind: 'invitation', to: 'bounced' });
    if (answer.ok) {
      setAsking(false);
      setSaid(t('mailings.going', { count: sendable.length }));
      onSent();
    }
    return answer;
  };
  return html`<section class="card stack wide bounced" aria-label=${t('bounced.title', { count: items.length })}>
    <div class="head"><h2>${t(cursor ? 'bounced.title.more' : 'bounced.title', { count: items.length })}</h2>
      ${can && sendable.length > 0 && html`<button type="button" class="link" onClick=${() => setAsking(true)}>${t('bounced.again')}</button>`}</div>
    <p>${t('bounced.what')}</p><p class="said" role="status">${said}</p>
    <ul class="rows">${items.map((item) => html`<li key=${item.voter}><${Correction} election=${election} can=${can} item=${item} onDone=${corrected} /></li>`)}</ul>
    ${cursor && html`<button type="button" class="button" onClick=${() => load(cursor)}>${t('more')}</button>`}
    ${asking && html`<${Confirm} title=${t('bounced.again')} what=${t('bounced.again.what')} action=${t('bounced.again')} next work=${again} onClose=${() => setAsking(false)} />`}
  </section>`;
}

/** @param {{election: import('./main.js').Election, can: boolean, item: Missed, onDone: (item: Missed, email: string) => void}} props */
function Correction({ election, can, item, onDone }) {
  const { busy, problem, run } = useCommand();
  const [email, setEmail] = useState(item.email);
  const same = email.trim() === item.email;
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (same) return;
    const answer = await run(() => correct(election.id, { ...item, id: item.voter }, { email }));
    if (answer.ok) onDone(item, email.trim());
  };
  return html`<form class="correction" onSubmit=${send}><div class="grow"><b>${item.name}</b><br /><span class="small wrong">${has(`bounced.reason.${item.reason}`) ? t(`bounced.reason.${item.reason}`) : t('bounced.reason.other', { detail: item.reason })}</span></div>
    ${can && html`<${Field} name="email" label=${t('bounced.email', { name: item.name })} type="email" required value=${email} problem=${problem} onInput=${setEmail} />
      <button class="button" disabled=${busy || same}>${t('bounced.correct')}</button>`}
    <${Refusal} problem=${problem} fields=${['email']} /></form>`;
}
