// @ts-check
/** The form of a candidate: its texts, and which picture it shows. */
import { html, useEffect, useState } from '../lib/html.js';
import { Dialog, Picture } from '../lib/parts.js';
import { t } from '../lib/words.js';
import { uploadingOf } from './uploading.js';
import { Field, Refusal, command, useCommand } from './work.js';

/** The choice of a picture that lies elsewhere. */
const LINKED = 'linked';

/**
 * @param {{election: import('./main.js').Election, path: string, candidate?: any, onDone: (answer: any) => Promise<any>, onClose: () => void}} props
 */
export function CandidateForm({ election, path, candidate, onDone, onClose }) {
  const { busy, problem, run } = useCommand();
  const shown = candidate?.image;
  // The photograph that the candidate shows, and those that none shows.
  const offered = [
    ...(shown?.photograph ? [{ id: shown.photograph, name: t('picture.present'), photograph: shown }] : []),
    ...uploadingOf(election.id).entries.filter(({ state }) => state === 'ready'),
  ];
  const [form, setForm] = useState({
    name: candidate?.name ?? '', caption: shown?.caption ?? '', alt: shown?.alt ?? '', description: candidate?.description ?? '',
    picture: shown?.photograph ?? LINKED, url: shown && !shown.photograph ? shown.url.replace(/#\d+x\d+$/, '') : '',
  });
  const [size, setSize] = useState('');
  useEffect(() => setSize(''), [form.url]);
  const set = (/** @type {string} */ name) => (/** @type {string} */ value) => setForm({ ...form, [name]: value });
  const linked = form.picture === LINKED;
  const picture = offered.find(({ id }) => id === form.picture)?.photograph;
  /** What the API is told of the picture. */
  const image = () => {
    const caption = form.caption && { caption: form.caption };
    if (!linked) return { photograph: form.picture, ...caption, ...(form.alt && { alt: form.alt }) };
    // The picture's size stands in the fragment, so that ballots have room for it before it has come.
    return form.url ? { url: form.url + (form.url.includes('#') ? '' : size), ...caption } : null;
  };
  const send = (/** @type {Event} */ event) => {
    event.preventDefault();
    const chosen = image();
    const body = candidate
      ? { name: form.name, description: form.description || null, image: chosen }
      : { name: form.name, ...(form.description && { description: form.description }), ...(chosen && { image: chosen }) };
    run(() => (candidate ? command('PATCH', `${path}/${candidate.id}`, body) : command('POST', path, body)).then(onDone));
  };
  const seen = (/** @type {any} */ event) => setSize(`#${event.target.naturalWidth}x${event.target.naturalHeight}`);
  const preview = linked ? form.url && { url: form.url } : picture;
  return html`<${Dialog} title=${candidate ? t('change.one', { name: candidate.name }) : t('photographs.add')} onClose=${onClose}><form class="form stack wide" onSubmit=${send}>
    <${Field} name="name" label=${t('field.title')} value=${form.name} problem=${problem} required onInput=${set('name')} />
    ${offered.length > 0 && html`<p class="field"><label>${t('field.picture')}<select onChange=${(/** @type {any} */ event) => set('picture')(event.target.value)}>
      ${offered.map(({ id, name }) => html`<option value=${id} selected=${id === form.picture}>${name}</option>`)}
      <option value=${LINKED} selected=${linked}>${t('picture.linked')}</option></select></label></p>`}
    ${linked && html`<${Field} name="url" label=${t('field.url')} type="url" value=${form.url} problem=${problem} hint=${t('field.url.hint')} onInput=${set('url')} />`}
    ${preview && html`<div class="preview frame"><${Picture} key=${linked ? form.url : form.picture} image=${preview} alt=${t('preview')} sizes="16rem" lazy=${false} plain onLoad=${linked ? seen : null} /></div>`}
    ${linked
      ? html`<${Field} name="caption" label=${t('field.alt')} value=${form.caption} problem=${problem} hint=${t('field.alt.hint')} onInput=${set('caption')} />`
      : html`<${Field} name="caption" label=${t('field.caption')} value=${form.caption} problem=${problem} hint=${t('field.caption.hint')} onInput=${set('caption')} />
        <${Field} name="alt" label=${t('field.alt')} value=${form.alt} problem=${problem} hint=${t('field.alt.hint')} onInput=${set('alt')} />`}
    <${Field} name="description" label=${t('field.description')} rows=${2} value=${form.description} problem=${problem} onInput=${set('description')} />
    <${Refusal} problem=${problem} fields=${['name', 'image.url', 'image.caption', 'image.alt', 'description']} />
    <div class="buttons"><button type="button" class="button" onClick=${onClose}>${t('cancel')}</button><button class="button next" disabled=${busy}>${t('save')}</button></div>
  </form><//>`;
}
