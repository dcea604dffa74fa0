// @ts-check
import { html, useEffect, useState } from '../lib/html.js';
import { t } from '../lib/words.js';
import { subject } from './sign-in.js';
import { Confirm, Field, Refusal, all, command, useCommand } from './work.js';

const ROLES = ['observer', 'editor', 'owner'];

/** Who administers the election. @param {import('./photographs.js').PartProps} props */
export function People({ election, load, owner }) {
  const [people, setPeople] = useState(/** @type {any[] | null} */ (null));
  const [form, setForm] = useState({ subject: '', role: 'editor' });
  const [removing, setRemoving] = useState('');
  const { busy, problem, run } = useCommand();
  const me = subject();
  const path = `/elections/${election.id}/administrators`;
  const list = async () => setPeople((await all(path)).items);
  useEffect(() => { list(); }, [election.id, election.version]);
  const appoint = async (/** @type {string} */ subject, /** @type {string} */ role) => {
    const answer = await run(() => command('PUT', `${path}/${encodeURIComponent(subject)}`, { role }));
    if (answer.ok) {
      setForm({ subject: '', role: 'editor' });
      await load(answer.body.version);
    }
    list();
  };
  const roles = (/** @type {string} */ now, /** @type {(role: string) => void} */ change, /** @type {string} */ label) => html`<select aria-label=${label} disabled=${!owner} onChange=${(/** @type {any} */ event) => change(event.target.value)}>
    ${ROLES.map((role) => html`<option value=${role} selected=${role === now}>${t(`role.${role}`)}</option>`)}</select>`;
  return html`<div class="stack wide"><p>${t('people.what')}</p>
    <ul class="rows card wide">${(people ?? []).map(({ subject, role }) => html`<li key=${subject}><b class="grow">${subject} ${subject === me && html`<span class="quiet">${t('people.you')}</span>`}</b>
      <div class="doing">${roles(role, (next) => appoint(subject, next), t('people.role_of', { name: subject }))}
      ${(owner || subject === me) && html`<button type="button" class="button plain" aria-label=${subject === me ? t('people.leave') : t('remove.one', { name: subject })}
        onClick=${() => setRemoving(subject)}>${subject === me ? t('people.leave') : t('remove')}</button>`}</div></li>`)}</ul>
    ${owner && html`<form class="card form register" onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); appoint(form.subject, form.role); }}>
      <${Field} name="subject" label=${t('field.subject')} value=${form.subject} problem=${problem} required hint=${t('field.subject.hint')} onInput=${(/** @type {string} */ subject) => setForm({ ...form, subject })} />
      <p class="field"><span>${t('field.role')}</span>${roles(form.role, (role) => setForm({ ...form, role }), t('field.role'))}</p>
      <button class="button" disabled=${busy}>${t('people.add')}</button></form>`}
    <${Refusal} problem=${problem} fields=${['subject']} />
    ${removing && html`<${Confirm} title=${t('remove.one', { name: removing })} what=${t(removing === me ? 'people.leave.what' : 'people.remove.what')} action=${t('remove')} onClose=${() => setRemoving('')} work=${async () => {
      const answer = await command('DELETE', `${path}/${encodeURIComponent(removing)}`);
      if (answer.ok) {
        if (removing === me) {
          location.hash = '/';
          location.reload();
          return answer;
        }
        setRemoving('');
        await load(answer.body.version);
        list();
      }
      return answer;
    }} />`}</div>`;
}
