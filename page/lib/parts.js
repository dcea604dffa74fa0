// @ts-check
/** Parts that several pages share. */
import { html, useEffect, useRef, useState } from './html.js';
import { LANGUAGES, choose, language, t } from './words.js';

/**
 * A linked picture has an address and perhaps a caption; a photograph that was uploaded has the rest as well.
 * @typedef {{url: string, width: number, height: number, media_type: string}} Rendition
 * @typedef {{url?: string, caption?: string | null, alt?: string, photograph?: string, width?: number, height?: number, placeholder?: string,
 *   renditions?: Rendition[]}} Image
 */

/**
 * The width and height of a picture. A picture by URL has them in the URL's fragment, which the administrator's page writes.
 * @param {Image | null} image @returns {{width: number, height: number} | null}
 */
export function sizeOf(image) {
  if (image?.width && image.height) return { width: image.width, height: image.height };
  const found = /#(\d{1,5})x(\d{1,5})$/.exec(image?.url ?? '');
  return found && Number(found[1]) && Number(found[2]) ? { width: Number(found[1]), height: Number(found[2]) } : null;
}

/** What there is to read instead of a picture. @param {{name: string, image: Image | null}} candidate */
export const altOf = ({ name, image }) => image?.alt || image?.caption || name;

/**
 * A picture, or a sentence in its place if it cannot be shown. The browser takes the smallest rendition that is enough for its screen.
 * @param {{image: Image | null, alt: string, sizes?: string, lazy?: boolean, urgent?: boolean, plain?: boolean, onLoad?: (event: Event) => void}} props
 *   `sizes` says how wide it is shown; without it, it is as large as the window. If it is `plain`, its colour does not stand in for it.
 */
export function Picture({ image, alt, sizes, lazy = true, urgent = false, plain = false, onLoad }) {
  const [broken, setBroken] = useState(false);
  const files = image?.renditions ?? [];
  const url = image?.url ?? files[0]?.url;
  useEffect(() => setBroken(false), [url]);
  if (!image || broken) return html`<span class="no-picture">${image ? t('picture.broken') : t('picture.none')}</span>`;
  const size = sizeOf(image);
  sizes ??= size ? `min(100vw, ${Math.ceil((100 * size.width) / size.height)}vh)` : '100vw';
  const set = (/** @type {string} */ type) => files.filter(({ media_type }) => media_type === `image/${type}`).map((file) => `${file.url} ${file.width}w`).join(', ') || null;
  const loaded = (/** @type {any} */ event) => {
    event.target.style.background = '';
    onLoad?.(event);
  };
  const img = html`<img srcset=${set('jpeg')} sizes=${files.length ? sizes : null} src=${url} alt=${alt} width=${size?.width} height=${size?.height} decoding="async"
    loading=${lazy && !urgent ? 'lazy' : 'eager'} fetchpriority=${urgent ? 'high' : null} referrerpolicy="no-referrer" draggable=${false}
    style=${{ background: plain ? '' : image.placeholder }} onError=${() => setBroken(true)} onLoad=${loaded} />`;
  return files.length ? html`<picture><source type="image/webp" srcset=${set('webp')} sizes=${sizes} />${img}</picture>` : img;
}

/**
 * A window over the page. Escape and the background close it.
 * @param {{title: string, onClose: () => void, children?: any, class?: string}} props
 */
export function Dialog({ title, onClose, children, class: kind = '' }) {
  const ref = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    const before = document.activeElement;
    ref.current?.showModal();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  const cancel = (/** @type {Event} */ event) => {
    event.preventDefault();
    onClose();
  };
  const press = (/** @type {Event} */ event) => event.target === ref.current && onClose();
  return html`<dialog ref=${ref} class="dialog ${kind}" aria-label=${title} onCancel=${cancel} onClick=${press}>
    <div class="inside"><h2>${title}</h2>${children}</div>
  </dialog>`;
}

/** A button that copies a text, and says that it did. @param {{text: string, label: string}} props */
export function Copy({ text, label }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      copyBySelection(text);
    }
    setDone(true);
    setTimeout(() => setDone(false), 3_000);
  };
  return html`<button type="button" class="button" onClick=${copy}>${label}</button>
    <span class="said" role="status">${done ? t('copied') : ''}</span>`;
}

/** The way to copy where the clipboard is closed to pages, as over plain HTTP. @param {string} text */
function copyBySelection(text) {
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'unseen';
  (document.querySelector('dialog[open]') ?? document.body).append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

/** Saves a text as a file. @param {string} name @param {string} text @param {string} [type] */
export function download(name, text, type = 'text/plain') {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** The choice of a language. */
export function Languages() {
  return html`<p class="languages small"><label>${t('language')}${' '}
    <select onChange=${(/** @type {any} */ event) => choose(event.target.value)}>
      ${Object.entries(LANGUAGES).map(([code, name]) => html`<option value=${code} lang=${code} selected=${code === language}>${name}</option>`)}
    </select></label></p>`;
}

/**
 * A page of a few sentences: what is, and what to do.
 * @param {{title: string, children?: any}} props
 */
export function Message({ title, children }) {
  useTitle(title);
  return html`<main class="page message" id="main"><h1 tabindex="-1">${title}</h1>${children}<${Languages} /></main>`;
}

/** What finds a refused request in the server's log. @param {{failure: import('./api.js').Answer | null}} props */
export function Reference({ failure }) {
  return failure?.request && html`<p class="small quiet">${t('request', { request: failure.request })}</p>`;
}

/** Leads past the navigation. The address stays: its fragment has another meaning here. */
export function Skip() {
  const skip = (/** @type {Event} */ event) => {
    event.preventDefault();
    document.getElementById('main')?.focus();
  };
  return html`<a class="skip" href="#main" onClick=${skip}>${t('skip')}</a>`;
}

/** Names the window. @param {string} title */
export function useTitle(title) {
  useEffect(() => {
    document.title = title ? t('title', { title }) : 'PhotoVote';
  }, [title]);
}

/** Puts the focus on the page's heading when the view changes, so that a screen reader says where it is. @param {unknown} view */
export function useHeadingFocus(view) {
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) /** @type {HTMLElement | null} */ (document.querySelector('main h1, main h2'))?.focus();
    first.current = false;
  }, [view]);
}
