// @ts-check
import { html, useEffect, useState } from '../lib/html.js';
import { Copy } from '../lib/parts.js';
import { t } from '../lib/words.js';
import { anyLinks, forget, keepLink, linksOf } from './links.js';
import { Confirm, Field, Refusal, command, read, useCommand } from './work.js';

addEventListener('beforeunload', (event) => {
  // The links cannot be shown again.
  if (anyLinks()) event.preventDefault();
});

/** Voters one by one; each link is shown once. @param {import('./photographs.js').PartProps} props */
export function Voters({ election, can }) {
  const [voters, setVoters] = useState(/** @type {any[] | null} */ (null));
  const [cursor, setCursor] = useState('');
  const [asked, setAsked] = useState(/** @type {any} */ (null));
  const [form, setForm] = useState({ name: '', email: '' });
  const [links, setLinks] = useState(linksOf(election.id));
  const { busy, problem, run } = useCommand();
  const path = `/elections/${election.id}/voters`;
  const open = can && ['draft', 'open'].includes(election.status);
  // Then nobody but the voter sees a link.
  const invited = election.links === 'invite';

  /** @param {string} [from] */
  const load = async (from = '') => {
    const answer = await read(`${path}?limit=100${from && `&cursor=${from}`}`);
    if (!answer.ok) return;
    setVoters((before) => (from ? [...(before ?? []), ...answer.body.items] : answer.body.items));
    setCursor(answer.body.next_cursor ?? '');
  };
  useEffect(() => { load(); }, [election.id]);

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
    setVoters((before) => [...(before ?? []).filter((voter) => voter.id !== id), { id, ...form, version }]);
    setForm({ name: '', email: '' });
    /** @type {HTMLElement | null} */ (document.querySelector('form [name="name"]'))?.focus();
  };
  return html`<div class="stack wide">
    ${open && invited && html`<p>${t('voters.invited')}</p>`}
    ${open && html`<form class="card form register" onSubmit=${register}>
      <${Field} name="name" label=${t('field.voter')} value=${form.name} problem=${problem} required onInput=${(/** @type {string} */ name) => setForm({ ...form, name })} />
      <${Field} name="email" label=${t('field.email')} type="email" value=${form.email} problem=${problem} required onInput=${(/** @type {string} */ email) => setForm({ ...form, email })} />
      <button class="button ${voters?.length ? '' : 'next'}" disabled=${busy}>${t('voters.add')}</button>
      <${Refusal} problem=${problem} fields=${['name', 'email']} />
    </form>`}
    ${links.length > 0 && html`<section class="card stack wide links"><h2>${t('links.title')}</h2><p>${t('links.what')}</p>
      <ul class="rows wide">${links.map((link) => html`<li key=${link.voter}><div class="grow"><b>${link.name}</b><br /><span class="small quiet secret">${link.link.slice(0, 60)}…</span></div>
        <${Copy} text=${link.link} label=${t('links.copy')} />
        <button type="button" class="button plain" aria-label=${t('links.done.one', { name: link.name })} onClick=${() => { forget(link.voter); setLinks(linksOf(election.id)); }}>${t('links.done')}</button></li>`)}</ul></section>`}
    ${voters?.length === 0 && html`<p>${t(invited ? 'voters.empty.invited' : 'voters.empty')}</p>`}
    ${voters && voters.length > 0 && html`<ul class="rows card wide">${voters.map((voter) => html`<li key=${voter.id}>
      <div class="grow"><b>${voter.name}</b><br /><span class="small quiet">${voter.email}</span></div>
      ${open && html`<div class="doing"><button type="button" class="button plain" aria-label=${t('voters.new_link.one', { name: voter.name })} onClick=${() => setAsked({ what: 'link', voter })}>${t('voters.new_link')}</button>
        <button type="button" class="button plain" aria-label=${t('remove.one', { name: voter.name })} onClick=${() => setAsked({ what: 'remove', voter })}>${t('remove')}</button></div>`}
    </li>`)}</ul>`}
    ${cursor && html`<button type="button" class="button" onClick=${() => load(cursor)}>${t('more')}</button>`}
    ${asked?.what === 'link' && html`<${Confirm} title=${t('voters.new_link.one', { name: asked.voter.name })} what=${t(invited ? 'voters.new_link.mailed' : 'voters.new_link.what')} action=${t('voters.new_link')} next
      onClose=${() => setAsked(null)} work=${async () => {
        const answer = await command('POST', `${path}/${asked.voter.id}/token`);
        if (answer.ok) {
          given(asked.voter.id, asked.voter.name, answer.body.ballot_token);
          setAsked(null);
        }
        return answer;
      }} />`}
    ${asked?.what === 'remove' && html`<${Confirm} title=${t('remove.one', { name: asked.voter.name })} what=${t('voters.remove.what')} action=${t('remove')}
      onClose=${() => setAsked(null)} work=${async () => {
        const answer = await command('DELETE', `${path}/${asked.voter.id}`);
        if (answer.ok) {
          forget(asked.voter.id);
          setLinks(linksOf(election.id));
          setVoters((before) => (before ?? []).filter(({ id }) => id !== asked.voter.id));
          setAsked(null);
        }
        return answer;
      }} />`}
  </div>`;
}
