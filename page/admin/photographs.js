// @ts-check
import { html, useEffect, useState } from '../lib/html.js';
import { Dialog, Picture } from '../lib/parts.js';
import { t } from '../lib/words.js';
import { Field, Refusal, command, useCommand } from './work.js';

/** @typedef {{election: import('./main.js').Election, load: (version?: number) => Promise<any>, can: boolean, owner: boolean}} PartProps */

/** Competitions and their photographs. @param {PartProps} props */
export function Photographs({ election, load, can }) {
  const draft = election.status === 'draft' && can;
  const [asked, setAsked] = useState(/** @type {any} */ (null));
  const path = `/elections/${election.id}/competitions`;
  const done = async (/** @type {any} */ answer) => {
    if (answer.ok) {
      setAsked(null);
      await load(answer.body.version);
    }
    return answer;
  };
  return html`<div class="stack wide">
    ${!election.competitions.length && html`<p>${t('photographs.empty')}</p>`}
    ${draft && html`<p class="note small">${t('photographs.by_url')}</p>`}
    ${election.competitions.map((competition) => html`<section class="stack wide" key=${competition.id} aria-label=${competition.name}>
      <div class="head"><h2>${competition.name} <span class="quiet small">${t('photographs.count', { count: competition.candidates.length })}</span></h2>
        ${draft && html`<div class="buttons">
          <button type="button" class="button plain" onClick=${() => setAsked({ what: 'competition', competition })}>${t('change')}</button>
          <button type="button" class="button plain" onClick=${() => setAsked({ what: 'drop_competition', competition })}>${t('remove')}</button></div>`}
      </div>
      ${competition.description && html`<p class="quiet">${competition.description}</p>`}
      <ul class="sheet">
        ${competition.candidates.map((candidate) => html`<li key=${candidate.id}>
          <div class="frame"><${Picture} image=${candidate.image} alt=${candidate.image?.caption ?? ''} /></div>
          <b>${candidate.name}</b>
          ${candidate.disqualified && html`<p class="small">${t('disqualified', { reason: candidate.disqualified.reason })}</p>`}
          ${can && html`<p class="small">
            ${draft && html`<button type="button" class="link" aria-label=${t('change.one', { name: candidate.name })} onClick=${() => setAsked({ what: 'candidate', competition, candidate })}>${t('change')}</button>
              <button type="button" class="link" aria-label=${t('remove.one', { name: candidate.name })} onClick=${() => setAsked({ what: 'drop_candidate', competition, candidate })}>${t('remove')}</button>`}
            ${!draft && !candidate.disqualified && election.status !== 'released' && html`<button type="button" class="link" aria-label=${t('disqualify.one', { name: candidate.name })}
              onClick=${() => setAsked({ what: 'disqualify', competition, candidate })}>${t('disqualify')}</button>`}
          </p>`}
        </li>`)}
        ${draft && html`<li class="add"><button type="button" class="button" onClick=${() => setAsked({ what: 'candidate', competition })}>${t('photographs.add')}</button></li>`}
      </ul></section>`)}
    ${draft && html`<button type="button" class="button ${election.competitions.length ? '' : 'next'}" onClick=${() => setAsked({ what: 'competition' })}>${t('competition.add')}</button>`}
    ${asked?.what === 'competition' && html`<${CompetitionForm} path=${path} competition=${asked.competition} onDone=${done} onClose=${() => setAsked(null)} />`}
    ${asked?.what === 'candidate' && html`<${CandidateForm} path=${`${path}/${asked.competition.id}/candidates`} candidate=${asked.candidate} onDone=${done} onClose=${() => setAsked(null)} />`}
    ${asked?.what === 'drop_competition' && html`<${Confirm} title=${t('remove.one', { name: asked.competition.name })} what=${t('competition.remove.what', { count: asked.competition.candidates.length })} action=${t('remove')}
      work=${() => command('DELETE', `${path}/${asked.competition.id}`).then(done)} onClose=${() => setAsked(null)} />`}
    ${asked?.what === 'drop_candidate' && html`<${Confirm} title=${t('remove.one', { name: asked.candidate.name })} what=${t('candidate.remove.what')} action=${t('remove')}
      work=${() => command('DELETE', `${path}/${asked.competition.id}/candidates/${asked.candidate.id}`).then(done)} onClose=${() => setAsked(null)} />`}
    ${asked?.what === 'disqualify' && html`<${Disqualify} path=${`${path}/${asked.competition.id}/candidates/${asked.candidate.id}/disqualify`} name=${asked.candidate.name} onDone=${done} onClose=${() => setAsked(null)} />`}
  </div>`;
}

/**
 * One confirmation that says what happens.
 * @param {{title: string, what: string, action: string, work: () => Promise<any>, onClose: () => void, next?: boolean, children?: any}} props
 */
export function Confirm({ title, what, action, work, onClose, next = false, children }) {
  const { busy, problem, run } = useCommand();
  return html`<${Dialog} title=${title} onClose=${() => !busy && onClose()}><p>${what}</p>${children}<${Refusal} problem=${problem} />
    <div class="buttons"><button type="button" class="button" disabled=${busy} onClick=${onClose}>${t('cancel')}</button>
      <button type="button" class="button ${next ? 'next' : 'danger'}" disabled=${busy} onClick=${() => run(work)}>${action}</button></div><//>`;
}

/** @param {{path: string, competition?: any, onDone: (answer: any) => Promise<any>, onClose: () => void}} props */
function CompetitionForm({ path, competition, onDone, onClose }) {
  const { busy, problem, run } = useCommand();
  const [form, setForm] = useState({ name: competition?.name ?? '', description: competition?.description ?? '' });
  const send = (/** @type {Event} */ event) => {
    event.preventDefault();
    const body = competition ? { name: form.name, description: form.description || null } : { name: form.name, ...(form.description && { description: form.description }) };
    run(() => (competition ? command('PATCH', `${path}/${competition.id}`, body) : command('POST', path, body)).then(onDone));
  };
  return html`<${Dialog} title=${competition ? t('change.one', { name: competition.name }) : t('competition.add')} onClose=${onClose}><form class="form stack wide" onSubmit=${send}>
    <${Field} name="name" label=${t('field.name')} value=${form.name} problem=${problem} required onInput=${(/** @type {string} */ name) => setForm({ ...form, name })} />
    <${Field} name="description" label=${t('field.description')} rows=${2} value=${form.description} problem=${problem} onInput=${(/** @type {string} */ description) => setForm({ ...form, description })} />
    <${Refusal} problem=${problem} fields=${['name', 'description']} />
    <div class="buttons"><button type="button" class="button" onClick=${onClose}>${t('cancel')}</button><button class="button next" disabled=${busy}>${t('save')}</button></div>
  </form><//>`;
}

/** @param {{path: string, candidate?: any, onDone: (answer: any) => Promise<any>, onClose: () => void}} props */
function CandidateForm({ path, candidate, onDone, onClose }) {
  const { busy, problem, run } = useCommand();
  const [form, setForm] = useState({
    name: candidate?.name ?? '', url: candidate?.image?.url.replace(/#\d+x\d+$/, '') ?? '', caption: candidate?.image?.caption ?? '', description: candidate?.description ?? '',
  });
  const [size, setSize] = useState('');
  useEffect(() => setSize(''), [form.url]);
  const set = (/** @type {string} */ name) => (/** @type {string} */ value) => setForm({ ...form, [name]: value });
  const send = (/** @type {Event} */ event) => {
    event.preventDefault();
    // The picture's size stands in the fragment, so that ballots have room for it before it has come.
    const image = form.url ? { url: form.url + (form.url.includes('#') ? '' : size), ...(form.caption && { caption: form.caption }) } : null;
    const body = candidate
      ? { name: form.name, description: form.description || null, image }
      : { name: form.name, ...(form.description && { description: form.description }), ...(image && { image }) };
    run(() => (candidate ? command('PATCH', `${path}/${candidate.id}`, body) : command('POST', path, body)).then(onDone));
  };
  const seen = (/** @type {any} */ event) => setSize(`#${event.target.naturalWidth}x${event.target.naturalHeight}`);
  return html`<${Dialog} title=${candidate ? t('change.one', { name: candidate.name }) : t('photographs.add')} onClose=${onClose}><form class="form stack wide" onSubmit=${send}>
    <${Field} name="name" label=${t('field.title')} value=${form.name} problem=${problem} required onInput=${set('name')} />
    <${Field} name="url" label=${t('field.url')} type="url" value=${form.url} problem=${problem} hint=${t('field.url.hint')} onInput=${set('url')} />
    ${form.url && html`<div class="preview frame"><${Picture} key=${form.url} image=${{ url: form.url }} alt=${t('preview')} lazy=${false} onLoad=${seen} /></div>`}
    <${Field} name="caption" label=${t('field.caption')} value=${form.caption} problem=${problem} hint=${t('field.caption.hint')} onInput=${set('caption')} />
    <${Field} name="description" label=${t('field.description')} rows=${2} value=${form.description} problem=${problem} onInput=${set('description')} />
    <${Refusal} problem=${problem} fields=${['name', 'image.url', 'image.caption', 'description']} />
    <div class="buttons"><button type="button" class="button" onClick=${onClose}>${t('cancel')}</button><button class="button next" disabled=${busy}>${t('save')}</button></div>
  </form><//>`;
}

/** @param {{path: string, name: string, onDone: (answer: any) => Promise<any>, onClose: () => void}} props */
function Disqualify({ path, name, onDone, onClose }) {
  const { busy, problem, run } = useCommand();
  const [reason, setReason] = useState('');
  const send = (/** @type {Event} */ event) => {
    event.preventDefault();
    run(() => command('POST', path, { reason }).then(onDone));
  };
  return html`<${Dialog} title=${t('disqualify.one', { name })} onClose=${onClose}><form class="form stack wide" onSubmit=${send}>
    <p>${t('disqualify.what')}</p>
    <${Field} name="reason" label=${t('field.reason')} value=${reason} problem=${problem} required onInput=${setReason} />
    <${Refusal} problem=${problem} fields=${['reason']} />
    <div class="buttons"><button type="button" class="button" onClick=${onClose}>${t('cancel')}</button><button class="button danger" disabled=${busy}>${t('disqualify')}</button></div>
  </form><//>`;
}
