// @ts-check
/** Importing a list of voters: the file, what it holds, how far the import is, and its undoing. */
import { html, useEffect, useRef, useState } from '../lib/html.js';
import { has, t } from '../lib/words.js';
import { useDrop } from './drop.js';
import { importingOf } from './importing.js';
import { List } from './list.js';
import { Confirm, Refusal } from './work.js';

/** @typedef {import('./importing.js').Importing} Importing @typedef {import('./importing.js').Import} Import */

/** The words for why a file is refused. @param {{code: string, detail?: string} | null} problem */
export const whyUnreadable = (problem) => problem && (has(`unreadable.${problem.code}`) ? t(`unreadable.${problem.code}`) : problem.detail);

/** What an import came to. @param {Import} entry */
function cameTo({ status, counts }) {
  if (status === 'undone') return t('imports.undone');
  const said = [t('imports.added', { count: counts.imported })];
  if (counts.already) said.push(t('imports.already', { count: counts.already }));
  if (counts.rejected) said.push(t('imports.rejected', { count: counts.rejected }));
  return said.join(' ');
}

/** @param {{election: import('./main.js').Election, empty: boolean, onVoters: () => void}} props `empty` says that there is no voter yet. */
export function Imports({ election, empty, onVoters }) {
  const importing = importingOf(election.id);
  const [, draw] = useState(0);
  const [undoing, setUndoing] = useState(/** @type {Import | null} */ (null));
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  const section = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const watch = () => draw((n) => n + 1);
    importing.watchers.add(watch);
    importing.look();
    return () => { importing.watchers.delete(watch); };
  }, [importing]);
  const { shown, sending, ended } = importing;
  const first = useRef(ended);
  useEffect(() => {
    if (ended !== first.current) onVoters();
    first.current = ended;
  }, [ended]);
  const over = useDrop((files) => importing.take(files[0]), [importing]);
  const stage = sending ? 'sending' : importing.stalled() ? 'stalled' : (shown?.status ?? '');
  // What had the focus is gone when the next step is shown; the focus of another part stays.
  const before = useRef(stage);
  useEffect(() => {
    const at = document.activeElement;
    if (before.current !== stage && (at === document.body || section.current?.contains(at))) heading.current?.focus();
    before.current = stage;
  }, [stage]);
  const going = ['sending', 'awaiting_upload', 'reading', 'ready', 'importing', 'undoing'].includes(stage);
  const done = importing.list.filter(({ status, counts, id }) => status === 'done' && counts.imported > 0 && id !== shown?.id).reverse();
  const undo = (/** @type {Import} */ entry) => election.status === 'draft' && entry.status === 'done' && entry.counts.imported > 0
    && html`<button type="button" class="button plain" aria-label=${t('imports.undo.one', { name: entry.name })} onClick=${() => setUndoing(entry)}>${t('imports.undo')}</button>`;
  return html`<section class="stack wide imports" ref=${section} aria-label=${t('imports.title')}>
    ${going
      ? html`<div class="card stack wide" data-stage=${stage}><h2 tabindex="-1" ref=${heading}>${sending?.name ?? shown?.name}</h2>
        ${stage === 'ready' && shown ? html`<${List} key=${shown.id} election=${election} importing=${importing} shown=${shown} />` : html`<${Progress} importing=${importing} stage=${stage} />`}</div>`
      : html`<div class="drop" data-over=${over}>
        <div class="grow"><h2 tabindex="-1" ref=${heading}>${t('imports.title')}</h2><p class="small quiet">${over ? t('imports.let_go') : t('imports.what')}</p></div>
        <label class="button ${empty ? 'next' : ''}">${t('imports.choose')}<input class="unseen" type="file" accept=".csv,.tsv,.txt,.tab,.xlsx,.xlsm,.xls,.ods,.fods,.xml,text/csv,text/plain"
          onChange=${(/** @type {any} */ event) => { importing.take(event.target.files[0]); event.target.value = ''; }} /></label>
        <div class="far"><${Result} importing=${importing} stage=${stage} election=${election} undo=${undo} /></div></div>`}
    ${!going && done.length > 0 && html`<ul class="rows card wide" aria-label=${t('imports.before')}>${done.map((entry) => html`<li key=${entry.id}>
      <div class="grow"><b>${entry.name}</b><br /><span class="small quiet">${cameTo(entry)}</span></div>${undo(entry)}</li>`)}</ul>`}
    ${undoing && html`<${Confirm} title=${t('imports.undo.confirm', { name: undoing.name })} what=${t('imports.undo.what', { count: undoing.counts.imported })} action=${t('imports.undo')}
      work=${() => importing.undo(undoing.id).then((answer) => { if (answer.ok) setUndoing(null); return answer; })} onClose=${() => setUndoing(null)} />`}
  </section>`;
}

/** How far it is. @param {{importing: Importing, stage: string}} props */
function Progress({ importing, stage }) {
  const { sending, shown, held } = importing;
  const counts = shown?.counts ?? { new: 0, imported: 0 };
  const of = Math.max(counts.new, counts.imported);
  // What is removed is told as what is left.
  const [value, max] = stage === 'sending' ? [sending?.share ?? 0, 1] : stage === 'importing' ? [counts.imported, of || 1] : [null, 1];
  const said = stage === 'importing' ? t('imports.importing', { done: counts.imported, count: of }) : stage === 'undoing' ? t('imports.undoing', { count: counts.imported })
    : t(`imports.${stage === 'sending' ? 'sending' : 'reading'}`);
  return html`<div class="far"><progress aria-label=${shown?.name ?? sending?.name} value=${value} max=${max}></progress>
    <div class="head"><p class="small" role=${stage === 'importing' || stage === 'undoing' ? null : 'status'}>${said}</p>
      ${stage === 'sending' && html`<button type="button" class="link small" onClick=${() => importing.cancel()}>${t('cancel')}</button>`}</div>
    <div role="alert">${held && html`<p class="note bad">${t(`uploads.${held}`)} <button type="button" class="link" onClick=${() => importing.retry()}>${t('uploads.now')}</button></p>`}</div></div>`;
}

/** How the last import ended. @param {{importing: Importing, stage: string, election: import('./main.js').Election, undo: (entry: Import) => any}} props */
function Result({ importing, stage, election, undo }) {
  const { shown, unusable, problem } = importing;
  const refused = unusable ?? (stage === 'refused' && shown ? { name: shown.name, ...shown.problem } : null);
  return html`<div role="status">${shown && (stage === 'done' || stage === 'undone') && html`<div class="came" data-stage=${stage}>
      <span class="mark ok" aria-hidden="true">✓</span><div class="grow"><b>${shown.name}</b><br />${cameTo(shown)}
        ${shown.problem && html`<br /><span class="wrong">${whyUnreadable(shown.problem)}</span>`}
        ${stage === 'done' && shown.counts.imported > 0 && election.links === 'hand_out' && html`<br /><span class="small">${t('imports.hand_out')}</span>`}</div>${undo(shown)}</div>`}
      ${stage === 'stalled' && html`<p class="note">${t('imports.stalled', { name: shown?.name ?? '' })}</p>`}</div>
    <div role="alert">${refused && html`<p class="note bad"><b>${refused.name}</b><br />${whyUnreadable(/** @type {any} */ (refused))}</p>`}</div>
    <${Refusal} problem=${problem} />`;
}
