// Small line charts as SVG, both axes logarithmic: equal factors are equal distances, and a straight line is a power.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const width = 640, height = 400, left = 64, right = 150, top = 44, bottom = 52;
const colours = { 'this project': '#0b6e4f', JavaScript: '#c8553d', ioredis: '#c8553d', redis: '#e09f3e', raw: '#5b6c8f' };
const colour = (name) => Object.entries(colours).find(([start]) => name.startsWith(start))?.[1] ?? '#333333';
const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

/** 0.5, 20, 3k, 1M. */
export function short(value) {
  for (const [size, letter] of [[1e6, 'M'], [1e3, 'k']]) if (value >= size) return `${Number((value / size).toPrecision(3))}${letter}`;
  return String(Number(value.toPrecision(3)));
}

/** Ticks of a logarithmic axis: 1, 2 and 5 of each decade, or only 1 where that would be many. */
function ticks(low, high) {
  const steps = Math.log10(high / low) > 2.5 ? [1] : [1, 2, 5], found = [];
  for (let decade = 10 ** Math.floor(Math.log10(low)); decade <= high; decade *= 10) {
    for (const step of steps) if (decade * step >= low * 0.999 && decade * step <= high * 1.001) found.push(decade * step);
  }
  return found;
}

/** Moves names apart that would overlap, from the top down. */
function spread(labels) {
  labels.sort((one, other) => one.y - other.y);
  for (let index = 1; index < labels.length; index++) labels[index].y = Math.max(labels[index].y, labels[index - 1].y + 15);
  return labels;
}

/** `series` is a list of `{ name, points: [[x, y]], dashed }`; x values are marked on their axis as they are. */
export function plot(file, { title, x: xTitle, y: yTitle, series, format = short }) {
  const xs = [...new Set(series.flatMap(({ points }) => points.map(([value]) => value)))].sort((a, b) => a - b);
  const ys = series.flatMap(({ points }) => points.map(([, value]) => value));
  const low = Math.min(...ys) / 1.25, high = Math.max(...ys) * 1.25;
  const scale = (value, from, to, start, end) => start + Math.log(value / from) / Math.log(to / from) * (end - start);
  const x = (value) => scale(value, xs[0], xs.at(-1), left, width - right).toFixed(1);
  const y = (value) => scale(value, low, high, height - bottom, top).toFixed(1);
  const out = [`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
    'font-family="system-ui, sans-serif" font-size="12" fill="#333333">',
  `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
  `<text x="${left}" y="24" font-size="15" font-weight="600">${escape(title)}</text>`];
  for (const value of ticks(low, high)) {
    out.push(`<path d="M${left} ${y(value)}H${width - right}" stroke="#e4e4e4"/>`,
      `<text x="${left - 8}" y="${Number(y(value)) + 4}" text-anchor="end">${short(value)}</text>`);
  }
  for (const value of xs) {
    out.push(`<path d="M${x(value)} ${height - bottom}v5" stroke="#888888"/>`,
      `<text x="${x(value)}" y="${height - bottom + 19}" text-anchor="middle">${format(value)}</text>`);
  }
  out.push(`<path d="M${left} ${top}V${height - bottom}H${width - right}" fill="none" stroke="#888888"/>`,
    `<text x="${(left + width - right) / 2}" y="${height - 12}" text-anchor="middle">${escape(xTitle)}</text>`,
    `<text transform="translate(16 ${(top + height - bottom) / 2}) rotate(-90)" text-anchor="middle">${escape(yTitle)}</text>`);
  for (const { name, points, dashed } of series) {
    const dash = dashed ? ' stroke-dasharray="5 4"' : '';
    out.push(`<polyline points="${points.map(([one, other]) => `${x(one)},${y(other)}`).join(' ')}" fill="none" ` +
      `stroke="${colour(name)}" stroke-width="2"${dash}/>`);
    for (const [one, other] of points) out.push(`<circle cx="${x(one)}" cy="${y(other)}" r="3" fill="${colour(name)}"/>`);
  }
  const labels = series.map(({ name, points }) => ({ name, y: Number(y(points.at(-1)[1])) + 4 }));
  for (const { name, y: at } of spread(labels)) {
    out.push(`<text x="${width - right + 10}" y="${at}" fill="${colour(name)}">${escape(name)}</text>`);
  }
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${out.join('\n')}\n</svg>\n`);
}
