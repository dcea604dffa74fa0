// @ts-check
/** Files that were dropped or chosen: which they are, which are refused at once, and what title each name proposes. */

/** The most bytes that the API takes. */
const MOST_BYTES = 40_000_000;
/** The most characters of a name. */
const LONGEST = 200;

/** Files that systems put beside photographs. */
const HIDDEN = /^\.|^(thumbs\.db|ehthumbs\.db|desktop\.ini|icon\r?|__macosx)$/i;
/** Pictures, documents and films that the API refuses, whatever they hold. */
const FOREIGN = new RegExp('\\.(' + [
  'hei[cf]s?|avif|gif|tiff?|bmp|ico|jxl|jp2|j2k|jxr|psd|psb|xcf|exr|hdr|qoi|dds|tga|svgz?|ai|eps|pdf|afphoto|affinity',
  '3fr|arw|cr[23w]|dcr|dng|erf|fff|iiq|kdc|mef|mos|mrw|nef|nrw|orf|pef|raf|raw|rw[2l]|sr[2fw]|x3f',
  'zip|rar|7z|gz|tar|bz2|xz|mov|mp4|m4v|avi|mkv|webm|mts|mp3|wav|docx?|xlsx?|pptx?|od[pst]|txt|md|csv|json|xml|xmp|html?|url|lnk|pp3|lrcat',
].join('|') + ')$', 'i');

/** The photographs among what was dropped: files, and folders with all that is in them. @param {DataTransfer} dropped @returns {Promise<File[]>} */
export async function filesOf(dropped) {
  // The list is empty after the event: what is in it is taken at once.
  const entries = [...dropped.items].filter(({ kind }) => kind === 'file').map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const files = [];
  for (const entry of entries) if (entry) files.push(...(await filesIn(entry)));
  return files;
}

/** @param {FileSystemEntry | File} entry @returns {Promise<File[]>} */
async function filesIn(entry) {
  if (HIDDEN.test(entry.name)) return [];
  if (entry instanceof File) return [entry];
  if (entry.isFile) {
    const file = new Promise((resolve, reject) => /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject));
    return file.then((file) => [file], () => []);
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  const files = [];
  for (;;) {
    // A folder is told in parts of a hundred.
    const part = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (!part.length) return files;
    for (const inside of part) files.push(...(await filesIn(inside)));
  }
}

/** Files that a person has chosen in a dialog. @param {Iterable<File>} chosen */
export const visible = (chosen) => [...chosen].filter(({ name }) => !HIDDEN.test(name));

/** Why a file is refused before it is sent, by the API's code. @param {File} file @returns {string | null} */
export function refusal({ name, size }) {
  if (size === 0) return 'empty';
  if (FOREIGN.test(name)) return 'unsupported_format';
  return size > MOST_BYTES ? 'too_many_bytes' : null;
}

/** The name of a file as the API takes it: without characters that nobody sees. @param {string} name */
export function plainName(name) {
  const plain = name.normalize('NFC').replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '').trim();
  return [...plain].slice(-LONGEST).join('').trim() || 'photograph';
}

/** What cameras, telephones and scanners call a picture. */
const CAMERA = /^_?(?:(?:dsc[fn]?|img|imgp|mvimg|pxl|pano|pict?|p|dji|gopr|cimg|sam|hpim|wp|vid|image|photo|foto|bild|scan|screenshot|signal|whatsapp[ _]image|fb[ _]img)[ _.-]*\d[\d _.-]*|\d[\d _.-]*(?=[ _.-]|$))/i;
/** What other cameras may call it. */
const LETTERS = /^_?[A-Z]{1,5}_?\d{3,}/;
/** What programs add to it. */
const ADDED = /^(?:[\s\d_.()~+-]|at|am|pm|um|hdr|pano|burst|cover|portrait|night|mp|edit(?:ed)?|bearbeitet|copy|kopie|copie|copia|final|klein|small|web|e\d|x\d)*$/i;

/**
 * The title that a file's name proposes: without its ending, with spaces. A camera's name proposes none.
 * @param {string} name
 */
export function titleOf(name) {
  const stem = name.normalize('NFC').replace(/\.[^.\s]{1,5}$/, '');
  const rest = stem.replace(LETTERS.test(stem) ? LETTERS : CAMERA, '');
  // A number with a separator stands before a title; one with a space may be a part of it.
  const words = rest !== stem && ADDED.test(rest) ? '' : /^\d+ /.test(stem) ? stem : rest;
  return [...words.replace(/[_\s]+/g, ' ').replace(/ ?- ?(?=-)/g, '').replace(/^[\s.-]+|[\s.-]+$/g, '')].slice(0, LONGEST).join('');
}
