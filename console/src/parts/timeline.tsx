import Box from '@cloudscape-design/components/box';
import { useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { drawing } from './colours';
import { marks, ticks, type Mark, type TimelineItem } from './timeline_scale';
import { absolute, relative } from './when';
import './timeline.css';

interface Props {
  items: TimelineItem[];
  lanes: { id: string; name: string }[]; // in the order they are drawn; empty ones are left out
  now: string;
  label: string;
  link?: (item: TimelineItem) => ReactNode; // how one is named in the details; its label otherwise
}

const named = 8; // of the items of one mark

/**
 * What ends when, drawn: one lane per kind, near things spread out. One tab
 * stop; arrow keys go from mark to mark, and what a mark stands for is told
 * below, so that a finger can do what a mouse can.
 */
export function Timeline({ items, lanes, now, label, link }: Props) {
  const at = Date.parse(now);
  const shown = useMemo(() => lanes.filter(l => items.some(i => i.lane === l.id)), [items, lanes]);
  const all = useMemo(() => marks(items, shown.map(l => l.id), at, innerWidth < 600 ? 0.1 : 0.035), [items, shown, at]);
  const [chosen, choose] = useState(0);
  const buttons = useRef<(HTMLButtonElement | null)[]>([]);
  const current = all[Math.min(chosen, all.length - 1)];
  const move = (e: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[e.key];
    const to = e.key === 'Home' ? 0 : e.key === 'End' ? all.length - 1 : step === undefined ? -1 : chosen + step;
    if (to < 0 || to >= all.length) return;
    e.preventDefault();
    choose(to);
    buttons.current[to]?.focus();
  };
  const name = (lane: string) => lanes.find(l => l.id === lane)?.name ?? lane;
  return (
    <div className="timeline" style={drawing}>
      <div className="timeline-drawing" role="group" aria-label={label} onKeyDown={move}>
        <div className="timeline-axis" aria-hidden="true">
          {ticks().map(t => (
            <span key={t.label} className={t.minor ? 'tick minor' : 'tick'} style={{ insetInlineStart: `${t.place * 100}%` }}>
              {t.label}
            </span>
          ))}
        </div>
        {shown.map(lane => (
          <div key={lane.id} className="timeline-lane">
            <div className="timeline-name">{lane.name}</div>
            <div className="timeline-track">
              {ticks().map(t => (
                <span key={t.label} className="grid" style={{ insetInlineStart: `${t.place * 100}%` }} />
              ))}
              {all.map((m, n) =>
                m.lane !== lane.id ? null : (
                  <button
                    key={m.items[0]!.id}
                    ref={b => void (buttons.current[n] = b)}
                    type="button"
                    className={`mark ${urgency(m, at)}`}
                    style={{ insetInlineStart: `${m.place * 100}%` }}
                    tabIndex={m === current ? 0 : -1}
                    aria-pressed={m === current}
                    aria-label={`${lane.name}${m.count > 1 ? ` ${countOf(m)}` : ''}: ${summary(m)}`}
                    onFocus={() => choose(n)}
                    onMouseEnter={() => choose(n)}
                    onClick={() => choose(n)}
                  >
                    {m.count > 1 ? countOf(m) : ''}
                  </button>
                ),
              )}
            </div>
          </div>
        ))}
      </div>
      {current && (
        <div className="timeline-details">
          <Box variant="awsui-key-label">{name(current.lane)}</Box>
          <div>
            {span(current)}: {current.items.slice(0, named).map((i, n) => (
              <span key={i.id}>
                {n > 0 && ', '}
                {link ? link(i) : i.label}
                {(i.count ?? 1) > 1 && ` (${i.count})`}
              </span>
            ))}
            {current.items.length > named && ` and ${current.items.length - named} more`}
          </div>
        </div>
      )}
    </div>
  );
}

function countOf(m: Mark): string {
  return m.count > 999 ? '999+' : String(m.count);
}

function urgency(m: Mark, now: number): string {
  const days = (m.at - now) / 86_400_000;
  return days < 0 ? 'over' : days < 30 ? 'soon' : '';
}

function span(m: Mark): string {
  const from = absolute(new Date(m.at), true);
  const to = absolute(new Date(m.until), true);
  const over = m.at < Date.now() ? 'ended' : 'ends';
  return `${over} ${relative(new Date(m.at))} (${from})${from === to ? '' : `, the last ${relative(new Date(m.until))} (${to})`}`;
}

function summary(m: Mark): string {
  const first = m.items[0]!.label;
  return `${first}${m.count > 1 ? ` and ${m.count - 1} more` : ''}, ${span(m)}`;
}
