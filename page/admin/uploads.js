// @ts-check
/** Uploading photographs into a draft, and checking their titles before voters see them. */
import { html, useEffect, useRef, useState } from '../lib/html.js';
import { has, problemWords, t } from '../lib/words.js';
import { useDrop } from './drop.js';
import { visible } from './files.js';
import { Titles } from './titles.js';
import { uploadingOf } from './uploading.js';
import { Confirm, Field, Refusal, command, useCommand } from './work.js';

/** The choice of a competition that is not there yet. */
const NEW = 'new';

/** @typedef {import('./uploading.js').Uploading} Uploading @typedef {import('./uploading.js').Entry} Entry */

/**
 * Photographs that no candidate shows yet: on their way, being prepared, ready, refused.
 * @param {{election: import('./main.js').Election, load: (version?: number) => Promise<any>}} props
 */
export function Uploads({ election, load }) {
  const uploading = uploadingOf(election.id);
  const [, draw] = useState(0);
  const [removing, setRemoving] = useState(/** @type {Entry | null} */ (null));
  const [checked, setChecked] = useState(false);
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  const toHeading = () => heading.current?.focus();
  const take = (/** @type {File[]} */ files) => {
    setChecked(false);
    uploading.take(files);
  };
  useEffect(() => {
    const watch = () => draw((n) => n + 1);
    uploading.watchers.add(watch);
    uploading.look();
    return () => { uploading.watchers.delete(watch); };
  }, [uploading]);
  useEffect(() => uploading.use(election), [election]);
  const over = useDrop(take, [uploading]);

  const remove = async (/** @type {Entry} */ entry) => {
    const gone = await uploading.drop(entry);
    toHeading();
    return gone;
  };
  const refused = uploading.entries.filter(({ state }) => state === 'refused');
  const rest = uploading.entries.filter(({ state }) => state !== 'refused');
  const empty = !uploading.entries.length && !election.competitions.some(({ candidates }) => candidates.length);
  return html`<section class="uploads stack wide" aria-label=${t('uploads.title')}>
    <div class="drop" data-over=${over}>
      <div class="grow"><h2 tabindex="-1" ref=${heading}>${t('uploads.title')}</h2><p class="small quiet">${over ? t('uploads.let_go') : t('uploads.what')}</p></div>
      <label class="button ${empty ? 'next' : ''}">${t('uploads.choose')}<input class="unseen" type="file" multiple accept="image/jpeg,image/png,image/webp"
        onChange=${(/** @type {any} */ event) => { take(visible(event.target.files)); event.target.value = ''; }} /></label>
      <${Progress} uploading=${uploading} entries=${rest} />
    </div>
    ${refused.length > 0 && html`<${Refused} uploading=${uploading} refused=${refused} onRemoved=${toHeading} />`}
    ${rest.length > 0 && html`<${Checking} election=${election} load=${load} uploading=${uploading} entries=${rest} checked=${checked} setChecked=${setChecked} toHeading=${toHeading}
      onRemove=${(/** @type {Entry} */ entry) => (entry.state === 'ready' ? setRemoving(entry) : remove(entry))} />`}
    ${removing && html`<${Confirm} title=${t('remove.one', { name: removing.name })} what=${t('uploads.remove.what')} action=${t('remove')}
      work=${() => remove(removing).then((answer) => { setRemoving(null); return answer; })} onClose=${() => setRemoving(null)} />`}
  </section>`;
}

/** How far all files are, and what holds them up. @param {{uploading: Uploading, entries: Entry[]}} props */
function Progress({ uploading, entries }) {
  const { held, problem, blocked, again, adding } = uploading;
  const count = (/** @type {string[]} */ ...states) => entries.filter(({ state }) => states.includes(state)).length;
  const going = count('waiting', 'sending', 'failed');
  const prepared = count('sent', 'processing');
  const [ready, awaited] = [count('ready'), count('awaited')];
  const all = entries.length - awaited;
  const said = going ? t('uploads.progress', { done: prepared + ready, count: all }) : prepared ? t('uploads.preparing', { count: prepared }) : ready ? t('uploads.all_ready', { count: ready }) : '';
  const share = entries.reduce((sum, { state, share }) => sum + (['sent', 'processing', 'ready'].includes(state) ? 1 : state === 'sending' ? share : 0), 0);
  const stop = () => uploading.dropAll(entries.filter(({ state }) => ['waiting', 'sending', 'failed'].includes(state)));
  if (adding) {
    return html`<div class="far"><progress aria-label=${t('uploads.title')} value=${adding.done} max=${adding.of}></progress>
      <div class="head"><p class="small" role="status">${t('uploads.adding', { done: adding.done, count: adding.of })}</p>
        <button type="button" class="link small" disabled=${adding.stopping} onClick=${() => { adding.stopping = true; uploading.draw(); }}>${t('uploads.stop')}</button></div></div>`;
  }
  return html`<div class="far">
    ${going + prepared > 0 && html`<progress aria-label=${t('uploads.title')} value=${going ? share : ready} max=${all}></progress>`}
    <div class="head" data-empty=${!said}><p class="small" role=${going ? null : 'status'}>${said}</p>
      ${going > 1 && html`<button type="button" class="link small" onClick=${stop}>${t('uploads.cancel_all')}</button>`}</div>
    ${again > 0 && html`<p class="small quiet" role="status">${t('uploads.here', { count: again })}</p>`}
    <div role="alert">${problem
      ? html`<p class="note bad">${problemWords(problem)} <span class="small quiet">${t('code', { code: problem.code })}</span></p>`
      : held && html`<p class="note bad">${t(`uploads.${held}`)} <button type="button" class="link" onClick=${() => uploading.retry()}>${t('uploads.now')}</button></p>`}</div>
    ${blocked && html`<p><button type="button" class="button" onClick=${() => uploading.retry()}>${t('again')}</button></p>`}
    ${awaited > 0 && html`<p class="note"><b>${t('uploads.missing', { count: awaited })}</b> ${t('uploads.missing.do')}</p>`}
  </div>`;
}

/** What cannot be used, and why. @param {{uploading: Uploading, refused: Entry[], onRemoved: () => void}} props */
function Refused({ uploading, refused, onRemoved }) {
  const remove = async (/** @type {Entry[]} */ entries) => {
    await uploading.dropAll(entries);
    onRemoved();
  };
  const why = (/** @type {Entry} */ { refusal, photograph }) => (has(`unusable.${refusal}`) ? t(`unusable.${refusal}`) : photograph?.problem?.detail);
  return html`<section class="card stack wide refused" aria-label=${t('uploads.refused', { count: refused.length })}>
    <div class="head"><h3>${t('uploads.refused', { count: refused.length })}</h3>
      <button type="button" class="link" onClick=${() => remove(refused)}>${t('uploads.refused.remove')}</button></div>
    <ul class="rows">${refused.map((entry) => html`<li key=${entry.key}><span class="mark no" aria-hidden="true">!</span>
      <div class="grow"><b class="name">${entry.name}</b><br /><span class="small">${why(entry)}</span></div>
      <button type="button" class="link small" aria-label=${t('remove.one', { name: entry.name })} onClick=${() => remove([entry])}>${t('remove')}</button></li>`)}</ul></section>`;
}

/**
 * The check before use: titles in a table, and the button that makes candidates of what is ready.
 * @param {{election: import('./main.js').Election, load: (version?: number) => Promise<any>, uploading: Uploading, entries: Entry[], checked: boolean,
 *   setChecked: (checked: boolean) => void, onRemove: (entry: Entry) => void, toHeading: () => void}} props
 */
function Checking({ election, load, uploading, entries, checked, setChecked, onRemove, toHeading }) {
  const { busy, problem, run } = useCommand();
  const [chosen, setChosen] = useState('');
  const [name, setName] = useState('');
  const { competitions } = election;
  const competition = chosen || (competitions.at(-1)?.id ?? NEW);
  const titles = uploading.titles((number) => t('uploads.untitled', { number }));
  const ready = entries.filter(({ state }) => state === 'ready').length;
  const add = (/** @type {Event} */ event) => {
    event.preventDefault();
    run(async () => {
      let id = competition;
      if (id === NEW) {
        const made = await command('POST', `/elections/${election.id}/competitions`, { name });
        if (!made.ok) return made;
        id = made.body.id;
        await load(made.body.version);
        setChosen(id);
      }
      // How far it is stands there.
      toHeading();
      const version = await uploading.add(id, titles);
      setChecked(false);
      if (version) await load(version);
      return { ok: true };
    });
  };
  return html`<section class="stack wide checking" aria-label=${t('uploads.check')}>
    <div class="stack"><h3>${t('uploads.check')}</h3><p>${t('uploads.check.what')}</p></div>
    <${Titles} uploading=${uploading} entries=${entries} titles=${titles} onRemove=${onRemove} />
    ${ready > 0 && !uploading.adding && html`<form class="adding" onSubmit=${add}>
      <label class="tick grow"><input type="checkbox" checked=${checked} onChange=${(/** @type {any} */ event) => setChecked(event.target.checked)} /> <span>${t('uploads.checked')}</span></label>
      ${competitions.length > 0 && html`<p class="field"><label>${t('uploads.to')}<select onChange=${(/** @type {any} */ event) => setChosen(event.target.value)}>
        ${competitions.map(({ id, name }) => html`<option value=${id} selected=${id === competition}>${name}</option>`)}
        <option value=${NEW} selected=${competition === NEW}>${t('uploads.new_competition')}</option></select></label></p>`}
      ${competition === NEW && html`<${Field} name="name" label=${t('uploads.new_name')} value=${name} problem=${problem} required onInput=${setName} />`}
      <button class="button next" disabled=${busy || !checked}>${t('uploads.add', { count: ready })}</button>
      <${Refusal} problem=${problem} fields=${['name']} /></form>`}
  </section>`;
}
