/* Small plots as SVG. */
import { s } from './dom.js';

/** A line of numbers, from 0 to the largest. `mark` is the index of a point to show. */
export function sparkline(values, { width = 220, height = 36, mark = -1, label = '' } = {}) {
	const top = Math.max(1e-9, ...values);
	const n = values.length;
	const x = (i) => (n > 1 ? i / (n - 1) * (width - 4) + 2 : width / 2);
	const y = (v) => height - 3 - v / top * (height - 6);
	const d = values.map((v, i) => (i === 0 ? 'M' : 'L') + x(i).toFixed(1) + ' ' + y(v).toFixed(1)).join('');
	return s('svg', { class: 'sparkline', viewBox: '0 0 ' + width + ' ' + height, preserveAspectRatio: 'none', role: 'img', 'aria-label': label },
		s('path', { class: 'spark-area', d: d + 'L' + x(n - 1).toFixed(1) + ' ' + height + 'L' + x(0).toFixed(1) + ' ' + height + 'z' }),
		s('path', { class: 'spark-line', d, 'vector-effect': 'non-scaling-stroke' }),
		mark >= 0 && s('path', { class: 'spark-mark', d: 'M' + x(mark).toFixed(1) + ' 0V' + height, 'vector-effect': 'non-scaling-stroke' }));
}
