import { escapeXml } from './xml.ts';

/** What V8's sampling profiler makes: the format of `.cpuprofile` files. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Ids of the nodes that ran when the profiler looked. */
  readonly samples?: readonly number[];
  /** Microseconds between two looks. */
  readonly timeDeltas?: readonly number[];
}

/** One function, called from one place. */
interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

/** A function with all that it called, over all the time. */
interface Frame {
  readonly name: string;
  readonly place: string;
  us: number;
  readonly callees: Map<string, Frame>;
}

const WIDTH = 1200;
const ROW = 17;
const MARGIN = 10;
const TOP = 44;
/** Frames that would be thinner than this are left out. */
const MIN_WIDTH = 0.4;
const CHAR_WIDTH = 6.6;
/** No work: waiting, and what belongs to no function. */
const IDLE = new Set(['(idle)', '(root)', '(program)']);

/**
 * Draws a profile as a flame graph: each function above the one that called it, as wide as its share of the CPU.
 * A pointer on a function shows where it is and how much it took. Waiting is left out.
 */
export function flameGraph(profile: CpuProfile, title: string): string {
  const root = merge(profile);
  const scale = (WIDTH - 2 * MARGIN) / Math.max(root.us, 1);
  const rows = depthOf(root, MIN_WIDTH / scale);
  const height = TOP + rows * ROW + MARGIN;
  const rects: string[] = [];
  draw(root, { x: MARGIN, row: 0, scale, height, rects, root });
  const ms = (root.us / 1000).toFixed(0);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}">
<style>${STYLE}</style>
<rect class="page" width="100%" height="100%"/>
<text x="${MARGIN}" y="26" class="title">${escapeXml(title)}, ${ms} ms of CPU</text>
${rects.join('\n')}
</svg>
`;
}

function merge({ nodes, samples = [], timeDeltas = [] }: CpuProfile): Frame {
  const selfUs = new Map<number, number>();
  samples.forEach((id, i) => {
    selfUs.set(id, (selfUs.get(id) ?? 0) + Math.max(timeDeltas[i] ?? 0, 0));
  });
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const root: Frame = { name: 'all', place: '', us: 0, callees: new Map() };
  const visit = (node: ProfileNode, into: Frame): number => {
    const { functionName, url, lineNumber } = node.callFrame;
    const place =
      url === '' ? '' : `${url.replace(/^.*\/(?=(?:dist|bench|node_modules)\/)/, '')}:${lineNumber + 1}`;
    const name = functionName === '' ? '(anonymous)' : functionName;
    const isRoot = IDLE.has(name);
    const key = `${name} ${place}`;
    const frame = isRoot ? into : (into.callees.get(key) ?? { name, place, us: 0, callees: new Map() });
    if (!isRoot) into.callees.set(key, frame);
    let us = isRoot ? 0 : (selfUs.get(node.id) ?? 0);
    for (const id of node.children ?? []) us += visit(byId.get(id)!, frame);
    if (!isRoot) frame.us += us;
    return us;
  };
  root.us = nodes.length === 0 ? 0 : visit(nodes[0]!, root);
  return root;
}

/** Rows that frames of at least `minUs` take. */
function depthOf({ us, callees }: Frame, minUs: number): number {
  if (us < minUs) return 0;
  return 1 + Math.max(0, ...[...callees.values()].map((callee) => depthOf(callee, minUs)));
}

interface Canvas {
  readonly x: number;
  readonly row: number;
  readonly scale: number;
  readonly height: number;
  readonly rects: string[];
  readonly root: Frame;
}

function draw(frame: Frame, canvas: Canvas): void {
  const { row, scale, height, rects, root } = canvas;
  const width = frame.us * scale;
  if (width < MIN_WIDTH) return;
  const y = height - MARGIN - (row + 1) * ROW;
  const share = ((100 * frame.us) / Math.max(root.us, 1)).toFixed(1);
  const hint = escapeXml(`${frame.name} ${frame.place}: ${(frame.us / 1000).toFixed(1)} ms, ${share} %`);
  const letters = Math.floor((width - 4) / CHAR_WIDTH);
  const label = letters < 3 ? '' : escapeXml(frame.name.slice(0, letters));
  const at = canvas.x.toFixed(1);
  rects.push(
    `<g><title>${hint}</title><rect class="${colorOf(frame)}" x="${at}" y="${y}" width="${width.toFixed(1)}" height="${ROW - 1}"/>` +
      `<text x="${(canvas.x + 2).toFixed(1)}" y="${y + 12}">${label}</text></g>`,
  );
  let { x } = canvas;
  for (const callee of [...frame.callees.values()].sort((a, b) => b.us - a.us)) {
    draw(callee, { ...canvas, x, row: row + 1 });
    x += callee.us * scale;
  }
}

/** Ours, other packages', and the runtime's functions are told apart. */
function colorOf({ place }: Frame): string {
  if (/^(?:dist|src)\//.test(place)) return 'ours';
  if (place.startsWith('bench/')) return 'bench';
  return place === '' || place.startsWith('node:') ? 'runtime' : 'package';
}

const STYLE = `
  text { font: 11px ui-monospace, "DejaVu Sans Mono", monospace; fill: #1f2328; pointer-events: none; }
  .title { font: 600 14px system-ui, "DejaVu Sans", sans-serif; }
  .page { fill: #ffffff; }
  .ours { fill: #ffb77c; } .bench { fill: #b6e3ff; } .package { fill: #d8b9ff; } .runtime { fill: #d1d9e0; }
  g:hover rect { stroke: #1f2328; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; }
    .title { fill: #f0f6fc; }
    g:hover rect { stroke: #f0f6fc; }
  }
`;
