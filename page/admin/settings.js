// @ts-check
import { html, useState } from '../lib/html.js';
import { LANGUAGES, t } from '../lib/words.js';
import { ContactField, LanguageField, LinksField, ScaleField } from './elections.js';
import { Confirm, Field, Refusal, command, useCommand } from './work.js';

/** Name, description, scale, and how voters are written to; and the end of a draft. @param {import('./photographs.js').PartProps} props */
export function Settings({ election, load, can, owner }) {
  const { busy, problem, run } = useCommand();
  const [form, setForm] = useState({ name: election.name, description: election.description ?? '', scale: `${election.scale.min}-${election.scale.max}`, links: election.links, language: election.language, contact: election.contact ?? '', subject: election.invitation.subject ?? '', text: election.invitation.text ?? '' });
  const [said, setSaid] = useState('');
  const [asking, setAsking] = useState(false);
  const path = `/elections/${election.id}`;
  const draft = election.status === 'draft' && can;
  const set = (/** @type {string} */ name) => (/** @type {string} */ value) => { setSaid(''); setForm({ ...form, [name]: value }); };
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const [min, max] = form.scale.split('-').map(Number);
    const answer = await run(() => command('PATCH', path, {
      name: form.name, description: form.description || null, scale: { min, max }, language: form.language, contact: form.contact.trim() || null,
      invitation: { subject: form.subject.trim() || null, text: form.text.trim() || null },
      // It can change only while there is no voter.
      ...(form.links !== election.links && { links: form.links }),
    }));
    if (answer.ok) {
      setSaid(t('saved.saved'));
      await load(answer.body.version);
    }
  };
  const drop = async () => {
    const answer = await command('DELETE', path);
    if (answer.ok) {
      location.hash = '/';
      location.reload();
    }
    return answer;
  };
  const id = html`<p class="small quiet">${t('election.id', { id: election.id })}</p>`;
  if (!draft) {
    return html`<dl class="facts card"><dt>${t('field.name')}</dt><dd>${election.name}</dd><dt>${t('field.description')}</dt><dd>${election.description ?? '–'}</dd>
      <dt>${t('field.scale')}</dt><dd>${t('scale.range', election.scale)}</dd>
      <dt>${t('field.links')}</dt><dd>${t(`links.${election.links}`)}</dd>
      ${election.links === 'invite' && html`<dt>${t('field.language')}</dt><dd lang=${election.language}>${/** @type {any} */ (LANGUAGES)[election.language]}</dd><dt>${t('field.contact')}</dt><dd>${election.contact ?? '–'}</dd>
        <dt>${t('field.invitation.subject')}</dt><dd>${election.invitation.subject ?? '–'}</dd><dt>${t('field.invitation.text')}</dt><dd>${election.invitation.text ?? '–'}</dd>`}</dl><p class="quiet">${t('settings.fixed')}</p>${id}`;
  }
  return html`<div class="stack wide"><form class="stack form" onSubmit=${send}>
    <${Field} name="name" label=${t('field.name')} value=${form.name} problem=${problem} required onInput=${set('name')} />
    <${Field} name="description" label=${t('field.description')} rows=${3} value=${form.description} problem=${problem} hint=${t('field.description.hint')} onInput=${set('description')} />
    <${ScaleField} value=${form.scale} onInput=${set('scale')} />
    <${LinksField} value=${form.links} onInput=${set('links')} hint=${t('links.fixed')} />
    <${LanguageField} value=${form.language} onInput=${set('language')} />
    <${ContactField} value=${form.contact} problem=${problem} onInput=${set('contact')} />
    ${form.links === 'invite' && html`<${Field} name="subject" label=${t('field.invitation.subject')} value=${form.subject} problem=${problem} maxlength="200" hint=${t('mailings.subject.hint')} onInput=${set('subject')} />
      <${Field} name="text" label=${t('field.invitation.text')} rows=${5} value=${form.text} problem=${problem} maxlength="4000" hint=${t('field.invitation.text.hint')} onInput=${set('text')} />`}
    <${Refusal} problem=${problem} fields=${['name', 'description', 'contact', 'invitation.subject', 'invitation.text']} />
    <div class="buttons start"><button class="button next" disabled=${busy}>${t('save')}</button><span class="said" role="status">${said}</span></div></form>
    ${owner && html`<section class="card stack"><h2>${t('delete')}</h2><p>${t('delete.what')}</p><button type="button" class="button danger" onClick=${() => setAsking(true)}>${t('delete')}</button></section>`}
    ${id}
    ${asking && html`<${Confirm} title=${t('delete.confirm', { name: election.name })} what=${t('delete.what')} action=${t('delete')} work=${drop} onClose=${() => setAsking(false)} />`}
  </div>`;
}
