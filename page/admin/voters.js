// @ts-check
import { html, useEffect, useMemo, useState } from '../lib/html.js';
import { Copy } from '../lib/parts.js';
import { locale, t } from '../lib/words.js';
import { Imports } from './imports.js';
import { forget, keepLink, linksOf } from './links.js';
import { PAGE, useVoterList } from './voter-list.js';
import { VoterForm } from './voter.js';
import { Confirm, Field, Refusal, command, useCommand } from './work.js';

/** From how many voters on one can search. */
const MANY = 10;

const byName = new Intl.Collator(locale, { numeric: true });
/** A text without case and accents, so that Jose finds José. @param {string} text */
const plain = (text) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** Voters, from a list or one by one; each link is shown once. @param {import('./photographs.js').PartProps} props */
export function Voters({ election, can }) {
  const [most, setMost] = useState(PAGE);
  const [wish, setWish] = useState('');
  const [said, setSaid] = useState('');
  const [asked, setAsked] = useState(/** @type {any} */ (null));
  const [form, setForm] = useState({ name: '', email: '' });
  const [links, setLinks] = useState(linksOf(election.id));
  const { busy, problem, run } = useCommand();
  const path = `/elections/${election.id}/voters`;
  const open = can && ['draft', 'open'].includes(election.status);
  // Then nobody but the voter sees a link.
  const invited = election.links === 'invite';

  const { voters, count, complete, load, further, put, drop } = useVoterList(election, open);
  useEffect(() => {
    // Who searches looks through all of them.
    if (wish && !complete) further();
  }, [wish, complete, voters]);
  const found = useMemo(() => {
    const wanted = plain(wish).split(/\s+/);
    const some = (voters ?? []).filter(({ name, email }) => wanted.every((word) => plain(`${name} ${email}`).includes(word)));
    // Only a list that is complete can be in order.
    return complete ? some.sort((one, other) => byName.compare(one.name, other.name)) : some;
  }, [voters, complete, wish]);
  const more = () => {
    setMost(most + PAGE);
    if (found.length < most + PAGE && !complete && !wish) further();
  };

  const given = (/** @type {string} */ id, /** @type {string} */ name, /** @type {string | undefined} */ token) => {
    if (token) keepLink(election.id, id, name, token);
    setLinks(linksOf(election.id));
  };
  const register = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const answer = await run(() => command('POST', path, form));
    if (!answer.ok) return;
    const { id, version, ballot_token: token } = answer.body;
    given(id, form.name, token);
    put({ id, ...form, version });
    setSaid(t('voters.added', { name: form.name.trim() }));
    setForm({ name: '', email: '' });
    /** @type {HTMLElement | null} */ (document.querySelector('form [name="name"]'))?.focus();
  };
  const empty = voters?.length === 0;
  const choose = (/** @type {any} */ next) => {
    setSaid('');
    setAsked(next);
  };
  const done = (/** @type {string} */ words) => {
    setSaid(words);
    setAsked(null);
  };
  const changed = (/** @type {import('./voter.js').Voter} */ now) => {
    put(now);
    done(t('voters.changed', { name: now.name }));
  };
  const doing = (/** @type {any} */ voter) => html`<div class="doing">
    <button type="button" class="button plain" aria-label=${t('change.one', { name: voter.name })} onClick=${() => choose({ what: 'change', voter })}>${t('change')}</button>
    ${invited && election.status === 'open' && html`<button type="button" class="button plain" aria-label=${t('voters.send.one', { name: voter.name })} onClick=${() => choose({ what: 'send', voter })}>${t('voters.send')}</button>`}
    ${!(invited && election.status === 'draft') && html`<button type="button" class="button plain" aria-label=${t('voters.new_link.one', { name: voter.name })} onClick=${() => choose({ what: 'link', voter })}>${t('voters.new_link')}</button>`}
    <button type="button" class="button plain" aria-label=${t('remove.one', { name: voter.name })} onClick=${() => choose({ what: 'remove', voter })}>${t('remove')}</button></div>`;
  return html`<div class="stack wide">
    ${open && invited && html`<p>${t(election.status === 'draft' ? 'voters.invited' : 'voters.invited.open')}</p>`}
    ${open && html`<${Imports} election=${election} empty=${empty} onVoters=${() => { setSaid(''); load(); }} />`}
    ${open && html`<form class="card form register" aria-label=${t('voters.one')} onSubmit=${register}>
      <h2>${t('voters.one')}</h2>
      <${Field} name="name" label=${t('field.voter')} value=${form.name} problem=${problem} required onInput=${(/** @type {string} */ name) => setForm({ ...form, name })} />
      <${Field} name="email" label=${t('field.email')} type="email" value=${form.email} problem=${problem} required onInput=${(/** @type {string} */ email) => setForm({ ...form, email })} />
      <button class="button" disabled=${busy}>${t('voters.add')}</button>
      <${Refusal} problem=${problem} fields=${['name', 'email']} />
    </form>`}
    ${links.length > 0 && html`<section class="card stack wide links"><h2>${t('links.title')}</h2><p>${t('links.what')}</p>
      <ul class="rows wide">${links.map((link) => html`<li key=${link.voter}><div class="grow"><b>${link.name}</b><br /><span class="small quiet secret">${link.link.slice(0, 60)}…</span></div>
        <${Copy} text=${link.link} label=${t('links.copy')} />
        <button type="button" class="button plain" aria-label=${t('links.done.one', { name: link.name })} onClick=${() => { forget(link.voter); setLinks(linksOf(election.id)); }}>${t('links.done')}</button></li>`)}</ul></section>`}
    ${empty && html`<p>${t(invited ? 'voters.empty.invited' : 'voters.empty')}</p>`}
    ${voters && !empty && html`<section class="stack wide voters"><div class="head"><h2>${t('check.voters', { count: Math.max(count, voters.length) })}</h2><span class="said" role="status">${said}</span></div>
      ${voters.length > MANY && html`<${Field} name="search" type="search" label=${t('voters.search')} value=${wish} hint=${wish && !complete ? t('voters.searched', { done: voters.length, count }) : null} onInput=${setWish} />`}
      <div role="status">${wish && complete && !found.length && html`<p>${t('voters.none')}</p>`}</div>
      ${found.length > 0 && html`<ul class="rows card wide">${found.slice(0, most).map((voter) => html`<li key=${voter.id}>
        <div class="grow"><b>${voter.name}</b>${voter.name !== voter.email && html`<br /><span class="small quiet">${voter.email}</span>`}</div>
        ${open && doing(voter)}</li>`)}</ul>`}</section>`}
    ${(found.length > most || (!complete && !wish)) && html`<button type="button" class="button" onClick=${more}>${t('more')}</button>`}
    ${asked?.what === 'change' && html`<${VoterForm} election=${election} voter=${asked.voter} onDone=${changed} onClose=${() => setAsked(null)} />`}
    ${asked?.what === 'send' && html`<${Confirm} title=${t('voters.send.one', { name: asked.voter.name })} what=${t('voters.send.what', { email: asked.voter.email })} action=${t('voters.send')} next
      onClose=${() => setAsked(null)} work=${async () => {
        const answer = await command('POST', `/elections/${election.id}/mailings`, { kind: 'invitation', to: { voters: [asked.voter.id] } });
        if (answer.ok) {
          done(t('mailings.test.sent', { address: asked.voter.email }));
        }
        return answer;
      }} />`}
    ${asked?.what === 'link' && html`<${Confirm} title=${t('voters.new_link.one', { name: asked.voter.name })} what=${t(election.status === 'draft' ? 'voters.new_link.draft' : invited ? 'voters.new_link.mailed' : 'voters.new_link.what')} action=${t('voters.new_link')} next
      onClose=${() => setAsked(null)} work=${async () => {
        const answer = await command('POST', `${path}/${asked.voter.id}/token`);
        if (answer.ok) {
          given(asked.voter.id, asked.voter.name, answer.body.ballot_token);
          done(invited ? t('mailings.test.sent', { address: asked.voter.email }) : '');
        }
        return answer;
      }} />`}
    ${asked?.what === 'remove' && html`<${Confirm} title=${t('remove.one', { name: asked.voter.name })} what=${t('voters.remove.what')} action=${t('remove')}
      onClose=${() => setAsked(null)} work=${async () => {
        const answer = await command('DELETE', `${path}/${asked.voter.id}`);
        if (answer.ok) {
          forget(asked.voter.id);
          setLinks(linksOf(election.id));
          drop(asked.voter.id);
          done(t('voters.removed', { name: asked.voter.name }));
        }
        return answer;
      }} />`}
  </div>`;
}
