// @ts-check
import { html, useState } from '../lib/html.js';
import { Dialog, Picture, altOf } from '../lib/parts.js';
import { t } from '../lib/words.js';
import { CandidateForm } from './candidate.js';
import { Uploads } from './uploads.js';
import { Confirm, Field, Refusal, command, useCommand } from './work.js';

/** @typedef {{election: import('./main.js').Election, load: (version?: number) => Promise<any>, can: boolean, owner: boolean}} PartProps */

/** Competitions and their photographs. @param {PartProps} props */
export function Photographs({ election, load, can }) {
  const draft = election.status === 'draft' && can;
  const [asked, setAsked] = useState(/** @type {any} */ (null));
  const path = `/elections/${election.id}/competitions`;
  const linked = election.competitions.some(({ candidates }) => candidates.some(({ image }) => image && !image.photograph));
  const done = async (/** @type {any} */ answer) => {
    if (answer.ok) {
      setAsked(null);
      await load(answer.body.version);
    }
    return answer;
  };
  return html`<div class="stack wide">
    ${draft && html`<${Uploads} election=${election} load=${load} />`}
    ${!election.competitions.length && html`<p>${t('photographs.empty')}</p>`}
    ${draft && linked && html`<p class="note small">${t('photographs.by_url')}</p>`}
    ${election.competitions.map((competition) => html`<section class="stack wide" key=${competition.id} aria-label=${competition.name}>
      <div class="head"><h2>${competition.name} <span class="quiet small">${t('photographs.count', { count: competition.candidates.length })}</span></h2>
        ${draft && html`<div class="buttons">
          <button type="button" class="button plain" onClick=${() => setAsked({ what: 'competition', competition })}>${t('change')}</button>
          <button type="button" class="button plain" onClick=${() => setAsked({ what: 'drop_competition', competition })}>${t('remove')}</button></div>`}
      </div>
      ${competition.description && html`<p class="quiet">${competition.description}</p>`}
      <ul class="sheet">
        ${competition.candidates.map((candidate) => html`<li key=${candidate.id}>
          <div class="frame"><${Picture} image=${candidate.image} alt=${candidate.image ? altOf(candidate) : ''} sizes="auto, 12rem" /></div>
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
    ${draft && html`<button type="button" class="button" onClick=${() => setAsked({ what: 'competition' })}>${t('competition.add')}</button>`}
    ${asked?.what === 'competition' && html`<${CompetitionForm} path=${path} competition=${asked.competition} onDone=${done} onClose=${() => setAsked(null)} />`}
    ${asked?.what === 'candidate' && html`<${CandidateForm} election=${election} path=${`${path}/${asked.competition.id}/candidates`} candidate=${asked.candidate} onDone=${done} onClose=${() => setAsked(null)} />`}
    ${asked?.what === 'drop_competition' && html`<${Confirm} title=${t('remove.one', { name: asked.competition.name })} what=${t('competition.remove.what', { count: asked.competition.candidates.length })} action=${t('remove')}
      work=${() => command('DELETE', `${path}/${asked.competition.id}`).then(done)} onClose=${() => setAsked(null)} />`}
    ${asked?.what === 'drop_candidate' && html`<${Confirm} title=${t('remove.one', { name: asked.candidate.name })} what=${t('candidate.remove.what')} action=${t('remove')}
      work=${() => command('DELETE', `${path}/${asked.competition.id}/candidates/${asked.candidate.id}`).then(done)} onClose=${() => setAsked(null)} />`}
    ${asked?.what === 'disqualify' && html`<${Disqualify} path=${`${path}/${asked.competition.id}/candidates/${asked.candidate.id}/disqualify`} name=${asked.candidate.name} onDone=${done} onClose=${() => setAsked(null)} />`}
  </div>`;
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
