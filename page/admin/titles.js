// @ts-check
/** The table in which photographs get their titles, while their files are still on their way. */
import { html, steady, useEffect, useRef } from '../lib/html.js';
import { Picture } from '../lib/parts.js';
import { number, problemWords, t } from '../lib/words.js';

/** How wide a thumbnail of a file is drawn, in pixels. */
const WIDE = 192;

/**
 * @param {{uploading: import('./uploading.js').Uploading, entries: import('./uploading.js').Entry[],
 *   titles: Map<import('./uploading.js').Entry, string>, onRemove: (entry: import('./uploading.js').Entry) => void}} props
 */
export function Titles({ uploading, entries, titles, onRemove }) {
  const names = new Map(uploading.photographs.map(({ id, name }) => [id, name]));
  const twin = (/** @type {string | undefined} */ id) => {
    const other = id && uploading.twins.get(id)?.id;
    return other ? (uploading.used.get(other) ?? names.get(other)) : undefined;
  };
  /** Enter leads down the column. @param {KeyboardEvent} event */
  const down = (event) => {
    if (event.key !== 'Enter' || !(event.target instanceof HTMLInputElement)) return;
    const cell = event.target.closest('td');
    const next = cell?.parentElement?.nextElementSibling?.children[cell.cellIndex]?.querySelector('input');
    next?.focus();
    next?.select();
  };
  return html`<table class="titles" onKeyDown=${down}>
    <thead><tr><th scope="col">${t('uploads.file')}</th><th scope="col">${t('field.title')}</th><th scope="col">${t('field.caption')}</th><th scope="col">${t('field.alt')}</th></tr></thead>
    <tbody>${entries.map((entry) => html`<${Row} key=${entry.key} entry=${entry} state=${entry.state} share=${entry.share} note=${entry.note} problem=${entry.problem}
      version=${entry.photograph?.version} returns=${uploading.returns} twin=${twin(entry.id)} number=${titles.get(entry)} uploading=${uploading} onRemove=${onRemove} />`)}</tbody></table>`;
}

/**
 * @param {{entry: import('./uploading.js').Entry, state: import('./uploading.js').State, share: number, note: import('./uploading.js').Note, problem: any,
 *   returns: number, twin?: string, number: string, uploading: import('./uploading.js').Uploading, onRemove: (entry: import('./uploading.js').Entry) => void}} props
 */
function DrawnRow({ entry, state, share, note, problem, twin, number: untitled, uploading, onRemove }) {
  const { name } = entry;
  const field = (/** @type {'title' | 'caption' | 'alt'} */ kind, /** @type {number} */ longest) => html`<td><label><span class="label">${t(`field.${kind}`)}</span>
    <input aria-label=${t(`uploads.${kind}_of`, { name })} value=${note[kind] ?? (kind === 'title' ? entry.proposed : '')} placeholder=${kind === 'title' ? untitled : null}
      maxlength=${longest} autocomplete="off" aria-invalid=${problem?.field?.endsWith(kind === 'title' ? 'name' : kind) ? 'true' : null}
      onInput=${(/** @type {any} */ event) => { entry.problem = null; uploading.write(entry, { [kind]: event.target.value }); uploading.draw(); }} /></label></td>`;
  return html`<tr data-state=${state}>
    <td><div class="file"><${Thumb} entry=${entry} returns=${uploading.returns} photograph=${entry.photograph?.renditions ? entry.photograph : null} />
      <div class="what"><span class="name small" title=${name}>${name}</span><${Standing} state=${state} share=${share} name=${name} problem=${problem} />
        ${twin && html`<span class="small twin">${t('uploads.alike', { name: twin })}</span>`}
        <span class="small">${(state === 'failed' || state === 'stopped') && html`<button type="button" class="link" aria-label=${t('uploads.again_one', { name })} onClick=${() => uploading.retry(entry)}>${t('again')}</button>`}
          <button type="button" class="link" aria-label=${t(going(state) ? 'uploads.cancel_one' : 'remove.one', { name })} onClick=${() => onRemove(entry)}>${t(going(state) ? 'cancel' : 'remove')}</button></span></div></div></td>
    ${field('title', 200)}${field('caption', 500)}${field('alt', 1_000)}</tr>`;
}

const Row = steady(DrawnRow);

/** @param {import('./uploading.js').State} state */
const going = (state) => ['waiting', 'sending', 'failed'].includes(state);

/** How far a photograph is, in words. @param {{state: import('./uploading.js').State, share: number, name: string, problem: any}} props */
function Standing({ state, share, name, problem }) {
  if (problem) return html`<span class="small wrong">${problemWords(problem)}</span>`;
  if (state === 'sending') {
    return html`<span class="small standing"><progress aria-label=${t('uploads.sending_one', { name })} value=${share} max="1"></progress>
      <span class="quiet">${number(share, { style: 'percent' })}</span></span>`;
  }
  if (state === 'ready') return html`<span class="small good">✓ ${t('uploads.ready')}</span>`;
  return html`<span class="small ${['lost', 'stopped', 'awaited'].includes(state) ? 'wrong' : 'quiet'}">${t(`uploads.${state}`)}</span>`;
}

/** @param {{entry: import('./uploading.js').Entry, photograph: any, returns: number}} props */
function Thumb({ entry, photograph, returns }) {
  return html`<span class="thumb">${photograph ? html`<${Picture} key=${returns} image=${photograph} alt="" sizes="auto, 6rem" />` : entry.file && html`<${Drawn} file=${entry.file} />`}</span>`;
}

/** Thumbnails are drawn one after the other: each picture is decoded as a whole for it. */
let line = Promise.resolve();

/** A thumbnail of a file that the server has not prepared yet, once it is in view. @param {{file: File}} props */
function Drawn({ file }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  useEffect(() => {
    let wanted = false;
    const draw = async () => {
      if (!wanted || !canvas.current) return;
      const bitmap = await createImageBitmap(file, { resizeWidth: WIDE, resizeQuality: 'medium' });
      if (canvas.current) {
        Object.assign(canvas.current, { width: bitmap.width, height: bitmap.height });
        canvas.current.getContext('2d')?.drawImage(bitmap, 0, 0);
      }
      bitmap.close();
    };
    const seen = new IntersectionObserver(([{ isIntersecting }]) => {
      wanted = isIntersecting;
      if (!wanted) return;
      // A picture that cannot be decoded has no thumbnail; the server says why.
      line = line.then(() => new Promise((resolve) => setTimeout(resolve, 20))).then(draw).catch(() => {});
    });
    seen.observe(/** @type {Element} */ (canvas.current));
    return () => {
      wanted = false;
      seen.disconnect();
    };
  }, [file]);
  return html`<canvas ref=${canvas} width="0" height="0" aria-hidden="true"></canvas>`;
}
