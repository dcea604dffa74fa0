// @ts-check
/** What a list of voters holds, before it is imported: how many, which columns, the first rows, and what is wrong. */
import { html, useState } from '../lib/html.js';
import { download } from '../lib/parts.js';
import { has, number, t } from '../lib/words.js';
import { Confirm, Refusal, useCommand } from './work.js';

/** The columns that are chosen. @type {('email' | 'name' | 'first_name' | 'last_name')[]} */
const PARTS = ['email', 'name', 'first_name', 'last_name'];
/** How many rows of voters are shown. */
const ROWS = 8;

/** The words for why a row is refused. A duplicate's reason names the row before. @param {{code: string, detail: string}} problem */
function whyRejected({ code, detail }) {
  return has(`rejected.${code}`) ? t(`rejected.${code}`, { number: /\d+/.exec(detail)?.[0] ?? '' }) : detail;
}

/** What stands in a refused row. @param {{name: string, email: string}} row */
const written = ({ name, email }) => [name, email].filter(Boolean).join(' · ');

/**
 * The table of refused rows in the reader's language, as spreadsheets of that language open it: where a comma stands in numbers, cells
 * are parted by semicolons.
 * @param {string} table
 */
function worded(table) {
  const comma = number(1.5).includes(',') ? ';' : ',';
  const line = (/** @type {string[]} */ cells) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(comma);
  const rows = [...table.matchAll(/^(\d+),(\w+),"(.*)"\r?$/gm)].map(([, row, code, detail]) => line([row, whyRejected({ code, detail })]));
  return `\uFEFF${[line([t('imports.row'), t('imports.reason')]), ...rows].join('\r\n')}\r\n`;
}

/** The choice to propose if the chosen column holds no address: another one does, as in a sheet that was just chosen. @param {import('./importing.js').Import} shown */
function proposed({ counts, columns }) {
  if (!columns || counts.new + counts.already > 0) return null;
  const email = columns.all.findIndex(({ samples }) => samples.some((sample) => sample.includes('@')));
  return email < 0 || email === columns.chosen.email ? null : { ...columns.chosen, email };
}

/** @param {{election: import('./main.js').Election, importing: import('./importing.js').Importing, shown: import('./importing.js').Import}} props */
export function List({ election, importing, shown }) {
  const { busy, problem, run } = useCommand();
  const [asking, setAsking] = useState(false);
  const [chosen, setChosen] = useState(/** @type {any} */ (proposed(shown)));
  const { counts, columns, sample = [], rejected = [] } = shown;
  const table = async () => {
    const answer = await importing.rejected();
    if (answer.ok) download('rejected.csv', worded(answer.body), 'text/csv');
    return answer;
  };
  const mailed = election.links === 'invite';
  const open = election.status === 'open';
  // A draft can take it back.
  const go = () => (open ? setAsking(true) : run(() => importing.confirm()));
  return html`<ul class="figures three">
      <li><b>${number(counts.new)}</b> ${t('imports.new', { count: counts.new })}</li>
      ${counts.already > 0 && html`<li><b>${number(counts.already)}</b> ${t('imports.there', { count: counts.already })}</li>`}
      ${counts.rejected > 0 && html`<li class="amiss"><b>${number(counts.rejected)}</b> ${t('imports.amiss', { count: counts.rejected })}</li>`}</ul>
    ${columns && html`<${Choice} columns=${columns} chosen=${chosen} setChosen=${setChosen} busy=${busy}
      onUse=${() => run(async () => { const answer = await importing.choose(chosen); if (answer.ok && importing.shown) setChosen(proposed(importing.shown)); return answer; })} />`}
    ${sample.length > 0 && html`<div class="scroll" tabindex="0" role="region" aria-label=${t('imports.sample')}><table class="sample"><thead><tr><th class="num">${t('imports.row')}</th><th>${t('field.name')}</th><th>${t('field.email')}</th></tr></thead>
      <tbody>${sample.slice(0, ROWS).map(({ row, name, email }) => html`<tr key=${row}><td class="num quiet">${number(row)}</td><td>${name}</td><td>${email}</td></tr>`)}</tbody></table></div>
      ${counts.rows - counts.rejected > ROWS && html`<p class="small quiet">${t('imports.rest', { count: counts.rows - counts.rejected - ROWS })}</p>`}`}
    ${counts.rejected > 0 && html`<section class="stack wide amiss"><div class="head"><h3>${t('imports.problems', { count: counts.rejected })}</h3>
        <button type="button" class="link" onClick=${() => run(table)}>${t('imports.table')}</button></div>
      <p class="small quiet">${t('imports.problems.what')}</p>
      <ul class="rows">${rejected.map((row) => html`<li key=${row.row}><span class="mark no" aria-hidden="true">!</span><div class="grow"><b>${t('imports.row_of', { row: row.row })}</b>${written(row) && html` <span class="small quiet secret">${written(row)}</span>`}<br /><span class="small">${whyRejected(row)}</span></div></li>`)}</ul></section>`}
    ${!mailed && counts.new > 0 && html`<p class="note small">${t('imports.hand_out')}</p>`}
    <${Refusal} problem=${problem} />
    <div class="buttons start"><button type="button" class="button next" disabled=${busy || chosen || !counts.new} onClick=${go}>${t('imports.import', { count: counts.new })}</button>
      <button type="button" class="button plain" disabled=${busy} onClick=${() => run(() => importing.discard())}>${t('imports.cancel')}</button>
      ${!counts.new && html`<span class="small quiet">${t('imports.nobody')}</span>`}</div>
    ${asking && html`<${Confirm} title=${t('imports.confirm', { count: counts.new })} what=${t(mailed ? 'imports.confirm.mailed' : 'imports.confirm.what')} action=${t('imports.import', { count: counts.new })} next
      work=${() => importing.confirm().then((answer) => { if (answer.ok) setAsking(false); return answer; })} onClose=${() => setAsking(false)} />`}`;
}

/**
 * Which column holds what. Nothing is read again before the choice is complete.
 * @param {{columns: import('./importing.js').Columns, chosen: any, setChosen: (chosen: any) => void, busy: boolean, onUse: () => void}} props
 */
function Choice({ columns, chosen, setChosen, busy, onUse }) {
  const now = chosen ?? columns.chosen;
  const set = (/** @type {string} */ part) => (/** @type {any} */ event) => {
    const { [part]: _, ...rest } = now;
    const next = event.target.value === '' ? rest : { ...rest, [part]: Number(event.target.value) };
    const same = [...PARTS, 'sheet'].every((one) => next[one] === /** @type {any} */ (columns.chosen)[one]);
    setChosen(same ? null : next);
  };
  // Another sheet has other columns. The first one is always there, and a list is refused by a column that is not.
  const sheet = (/** @type {any} */ event) => {
    const next = Number(event.target.value);
    setChosen(next === columns.chosen.sheet ? null : { email: 0, sheet: next });
  };
  const select = (/** @type {string} */ part, /** @type {any} */ options, /** @type {(event: any) => void} */ change) =>
    html`<p class="field"><label>${t(`imports.column.${part}`)}<select onChange=${change}>${options}</select></label></p>`;
  const names = columns.all.map(({ name, samples }, at) => [at, samples[0] ? t('imports.column.of', { name, sample: samples[0] }) : name]);
  return html`<form class="stack wide columns" onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); onUse(); }}>
    <div class="choice">
      ${columns.sheets.length > 1 && select('sheet', columns.sheets.map((name, at) => html`<option value=${at} selected=${at === (now.sheet ?? 0)}>${name}</option>`), sheet)}
      ${PARTS.map((part) => select(part, html`${part !== 'email' && html`<option value="" selected=${now[part] === undefined}>${t('imports.column.none')}</option>`}
        ${names.map(([at, name]) => html`<option value=${at} selected=${now[part] === at}>${name}</option>`)}`, set(part)))}</div>
    ${chosen && html`<div class="buttons start"><button class="button next" disabled=${busy}>${t('imports.use')}</button>
      <button type="button" class="button plain" onClick=${() => setChosen(null)}>${t('cancel')}</button></div>`}
  </form>`;
}
