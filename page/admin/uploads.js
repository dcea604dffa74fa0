// @ts-check
/** Uploading photographs, and giving them their titles before voters see them. */
import { html, useEffect, useRef, useState } from '../lib/html.js';
import { t } from '../lib/words.js';
import { all, command } from './work.js';

/** How many files are sent at once. More would only share the same line. */
const AT_ONCE = 3;
/** How long the page waits before it asks again whether photographs are ready, in milliseconds. */
const PAUSE = 1_000;
/** Photographs whose likeness differs in at most this many of 64 bits are probably the same. */
const ALIKE = 6;

/**
 * @typedef {object} Sending A file on its way.
 * @property {File} file
 * @property {string} seen Its address in this tab, for a thumbnail.
 * @property {string} [id] The photograph, once it is requested.
 * @property {number} share How much of it has been sent, from 0 to 1.
 * @property {'waiting' | 'sending' | 'sent' | 'failed' | 'refused'} state
 * @property {any} [problem] Why it was refused.
 * @property {() => void} [stop]
 */

/** A title for a file: its name without the ending, and with spaces. @param {string} name */
export const titleOf = (name) => name.replace(/\.[^.]{1,5}$/, '').replace(/[_-]+/g, ' ').replace(/\s+/g, ' ').trim().slice(0, 200);

/** Sends a form, and tells how far it is. @param {any} upload @param {Sending} sending @param {() => void} moved @returns {Promise<boolean>} */
function send(upload, sending, moved) {
  return new Promise((resolve) => {
    const form = new FormData();
    Object.entries(upload.fields ?? {}).forEach(([name, value]) => form.append(name, /** @type {string} */ (value)));
    form.append('file', sending.file);
    const request = new XMLHttpRequest();
    request.open(upload.method, upload.url);
    request.upload.onprogress = ({ loaded, total }) => {
      sending.share = loaded / total;
      moved();
    };
    request.onload = () => resolve(request.status >= 200 && request.status < 300);
    request.onerror = request.onabort = request.ontimeout = () => resolve(false);
    sending.stop = () => request.abort();
    request.send(form);
  });
}

/** How many bits of two likenesses differ. @param {string} one @param {string} other */
export function distance(one, other) {
  let differing = BigInt(`0x${one}`) ^ BigInt(`0x${other}`);
  let bits = 0;
  for (; differing; differing >>= 1n) bits += Number(differing & 1n);
  return bits;
}

/**
 * Photographs that no candidate uses yet: on their way, being processed, ready, refused.
 * @param {{election: import('./main.js').Election, load: (version?: number) => Promise<any>}} props
 */
export function Uploads({ election, load }) {
  const [files, setFiles] = useState(/** @type {Sending[]} */ ([]));
  const [photographs, setPhotographs] = useState(/** @type {any[]} */ ([]));
  const [titles, setTitles] = useState(/** @type {Record<string, string>} */ ({}));
  const [alts, setAlts] = useState(/** @type {Record<string, string>} */ ({}));
  const [competition, setCompetition] = useState(election.competitions.at(-1)?.id ?? '');
  const [adding, setAdding] = useState(0);
  const [problem, setProblem] = useState(/** @type {any} */ (null));
  const [over, setOver] = useState(false);
  const sendings = useRef(/** @type {Sending[]} */ ([]));
  const there = useRef(true);
  const path = `/elections/${election.id}/photographs`;
  const used = new Set(election.competitions.flatMap(({ candidates }) => candidates.map(({ image }) => image?.photograph).filter(Boolean)));
  const moved = () => there.current && setFiles([...sendings.current]);
  const look = async () => {
    const { answer, items } = await all(path);
    if (answer.ok && there.current) setPhotographs(items);
    return items;
  };

  useEffect(() => {
    look();
    return () => {
      there.current = false;
      sendings.current.forEach(({ seen }) => URL.revokeObjectURL(seen));
    };
  }, [election.id]);

  const unfinished = files.some(({ state }) => state === 'waiting' || state === 'sending');
  const processed = photographs.some(({ status }) => status === 'processing') || files.some(({ id, state }) => state === 'sent' && !photographs.some((p) => p.id === id && ['ready', 'refused'].includes(p.status)));
  useEffect(() => {
    if (!processed) return undefined;
    const timer = setTimeout(look, PAUSE);
    return () => clearTimeout(timer);
  }, [photographs, processed]);
  useEffect(() => {
    const stay = (/** @type {BeforeUnloadEvent} */ event) => event.preventDefault();
    if (unfinished) addEventListener('beforeunload', stay);
    return () => removeEventListener('beforeunload', stay);
  }, [unfinished]);

  const work = async (/** @type {Sending} */ sending) => {
    sending.state = 'sending';
    sending.share = 0;
    moved();
    const body = { name: sending.file.name.slice(0, 200) || 'photograph', bytes: sending.file.size, ...(sending.file.type && { media_type: sending.file.type }), ...(sending.id && { id: sending.id }) };
    const answer = await command('POST', path, body);
    if (!answer.ok) {
      sending.state = answer.later ? 'failed' : 'refused';
      sending.problem = answer;
    } else {
      sending.id = answer.body.id;
      sending.state = !answer.body.upload || (await send(answer.body.upload, sending, moved)) ? 'sent' : 'failed';
    }
    moved();
    next();
    look();
  };
  const next = () => {
    const free = AT_ONCE - sendings.current.filter(({ state }) => state === 'sending').length;
    sendings.current.filter(({ state }) => state === 'waiting').slice(0, Math.max(0, free)).forEach(work);
  };
  const take = (/** @type {Iterable<File>} */ chosen) => {
    const taken = [...chosen].filter(({ size }) => size > 0 || size === 0);
    sendings.current.push(...taken.map((file) => /** @type {Sending} */ ({ file, seen: URL.createObjectURL(file), share: 0, state: 'waiting' })));
    moved();
    next();
  };
  const again = (/** @type {Sending} */ sending) => {
    sending.state = 'waiting';
    moved();
    next();
  };
  const drop = async (/** @type {Sending | null} */ sending, /** @type {any} */ photograph) => {
    sending?.stop?.();
    if (sending) {
      sendings.current = sendings.current.filter((other) => other !== sending);
      URL.revokeObjectURL(sending.seen);
      moved();
    }
    const id = photograph?.id ?? sending?.id;
    if (id) await command('DELETE', `${path}/${id}`);
    look();
  };

  const waiting = photographs.filter(({ id }) => !used.has(id));
  const ready = waiting.filter(({ status }) => status === 'ready');
  const add = async () => {
    setProblem(null);
    let version;
    for (const [index, photograph] of ready.entries()) {
      setAdding(index + 1);
      const name = (titles[photograph.id] ?? titleOf(photograph.name)) || t('uploads.untitled');
      const alt = alts[photograph.id]?.trim();
      const answer = await command('POST', `/elections/${election.id}/competitions/${competition}/candidates`, { name, image: { photograph: photograph.id, ...(alt && { alt }) } });
      if (!answer.ok) {
        setProblem(answer);
        break;
      }
      version = answer.body.version;
    }
    setAdding(0);
    await load(version);
    await look();
  };

  const onWay = files.filter(({ id, state }) => state !== 'sent' && !waiting.some((p) => p.id === id && p.status !== 'awaiting_upload'));
  const known = new Map(files.map((sending) => [sending.id, sending]));
  const alike = (/** @type {any} */ photograph) => photograph.likeness && photographs.find((other) => other.id < photograph.id && other.likeness && distance(other.likeness, photograph.likeness) <= ALIKE);
  const events = {
    onDragOver: (/** @type {DragEvent} */ event) => { event.preventDefault(); setOver(true); },
    onDragLeave: () => setOver(false),
    onDrop: (/** @type {DragEvent} */ event) => { event.preventDefault(); setOver(false); take(event.dataTransfer?.files ?? []); },
  };
  return html`<section class="card stack wide uploads" data-over=${over} aria-label=${t('uploads.title')} ...${events}>
    <div class="head"><h2>${t('uploads.title')}</h2>
      <label class="button">${t('uploads.choose')}<input class="unseen" type="file" multiple accept="image/jpeg,image/png,image/webp" onChange=${(/** @type {any} */ event) => { take(event.target.files); event.target.value = ''; }} /></label></div>
    <p class="small quiet">${t('uploads.what')}</p>
    ${onWay.length > 0 && html`<ul class="rows wide">${onWay.map((sending) => html`<li key=${sending.seen}>
      <img class="thumb" src=${sending.seen} alt="" /><div class="grow"><b>${sending.file.name}</b><br />
        ${sending.state === 'sending' ? html`<progress aria-label=${sending.file.name} value=${sending.share} max="1" />` : html`<span class="small quiet" role="status">${t(`uploads.${sending.state}`)}</span>`}</div>
      <div class="doing">${sending.state === 'failed' && html`<button type="button" class="button plain" onClick=${() => again(sending)}>${t('uploads.again')}</button>`}
        <button type="button" class="button plain" aria-label=${t('remove.one', { name: sending.file.name })} onClick=${() => drop(sending, null)}>${t('remove')}</button></div></li>`)}</ul>`}
    ${waiting.filter(({ status }) => status !== 'awaiting_upload').length > 0 && html`<ul class="rows wide">${waiting.filter(({ status }) => status !== 'awaiting_upload').map((photograph) => {
      const twin = alike(photograph);
      const title = titles[photograph.id] ?? titleOf(photograph.name);
      return html`<li key=${photograph.id}>
        ${photograph.renditions ? html`<img class="thumb" src=${photograph.renditions[0].url} alt="" />` : html`<img class="thumb" src=${known.get(photograph.id)?.seen ?? ''} alt="" />`}
        <div class="grow stack">${photograph.status === 'ready' ? html`
          <label class="small">${t('field.title')}<input value=${title} maxlength="200" onInput=${(/** @type {any} */ event) => setTitles({ ...titles, [photograph.id]: event.target.value })} /></label>
          <label class="small">${t('field.alt')}<input value=${alts[photograph.id] ?? ''} maxlength="1000" onInput=${(/** @type {any} */ event) => setAlts({ ...alts, [photograph.id]: event.target.value })} /></label>
          ${twin && html`<p class="small note">${t('uploads.alike', { name: twin.name })}</p>`}`
        : html`<b>${photograph.name}</b><span class="small" role="status">${photograph.status === 'refused' ? t(`unusable.${photograph.problem.code}`) : t('uploads.processing')}</span>`}</div>
        <div class="doing"><button type="button" class="button plain" aria-label=${t('remove.one', { name: photograph.name })} onClick=${() => drop(known.get(photograph.id) ?? null, photograph)}>${t('remove')}</button></div></li>`;
    })}</ul>`}
    ${ready.length > 0 && html`<p class="small">${t('uploads.check')}</p><div class="buttons">
      <label>${t('uploads.to')} <select value=${competition} onChange=${(/** @type {any} */ event) => setCompetition(event.target.value)}>${election.competitions.map(({ id, name }) => html`<option value=${id}>${name}</option>`)}</select></label>
      <button type="button" class="button next" disabled=${adding > 0 || !competition} onClick=${add}>${t('uploads.add', { count: ready.length })}</button>
      ${adding > 0 && html`<progress aria-label=${t('uploads.title')} value=${adding} max=${ready.length} />`}</div>`}
    <div role="alert">${problem && html`<p class="note bad">${problem.detail}</p>`}</div></section>`;
}
