import Box from '@cloudscape-design/components/box';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import type { Sessions } from '../../api/types';
import { drawing } from '../../parts/colours';
import { absolute } from '../../parts/when';
import { gaps, lanes, type Stretch } from './session_spans';
import './over_time.css';

/** Who came how over time, above what of it was watched at all. */
export function OverTime({ data }: { data: Sessions }) {
  const now = Date.now();
  const since = Date.parse(data.since);
  const { watched, lanes: rows } = lanes(data, now);
  const open = gaps(watched, since, now);
  const long = now - since > 3 * 86_400_000; // below that, days alone say too little
  const day = (at: number) => absolute(new Date(at), long);
  const spans = (all: Stretch[]) => all.map(s => `${absolute(new Date(s.from))} to ${absolute(new Date(s.to))}`).join('; ') || 'never';
  const place = (s: Stretch) => ({ insetInlineStart: `min(${(100 * (s.from - since)) / (now - since)}%, 100% - 6px)`, inlineSize: `${(100 * (s.to - s.from)) / (now - since)}%` });
  return (
    <div className="over-time" style={drawing}>
      <div aria-hidden="true">
        {[...rows, { id: 'watched', name: 'Watched', stretches: watched }].map(lane => (
          <div key={lane.id} className="lane">
            <span className="name">{lane.name}</span>
            <span className="track">
              {lane.stretches.map(s => (
                <span key={s.from} className={`bar ${lane.id}`} style={place(s)} />
              ))}
              {lane.id === 'watched' && open.map(s => <span key={s.from} className="bar gap" style={place(s)} />)}
            </span>
          </div>
        ))}
        <div className="lane axis">
          <span className="name" />
          <span className="track ends">
            <span>{day(since)}</span>
            <span>{day((since + now) / 2)}</span>
            <span>now</span>
          </span>
        </div>
      </div>
      <Box variant="small" color="text-body-secondary">
        A bar goes from the first to the last time that such clients were seen; hatched is what nobody watched.
      </Box>
      <ExpandableSection headerText="Times in words">
        <dl className="words">
          {rows.map(lane => (
            <div key={lane.id}>
              <dt>{lane.name}</dt>
              <dd>{spans(lane.stretches)}</dd>
            </div>
          ))}
          {data.coverage.map(s => (
            <div key={s.how + s.from}>
              <dt>Watched by {hows[s.how]}</dt>
              <dd>
                {absolute(s.from)} to {absolute(s.to)}
                {s.ended && `; ended: ${s.ended}`}
              </dd>
            </div>
          ))}
          <div>
            <dt>Not watched</dt>
            <dd>{spans(open)}</dd>
          </div>
        </dl>
      </ExpandableSection>
    </div>
  );
}

/** Where sightings are from, in words. */
const hows: Record<string, string> = {
  log: 'the server’s log: every login',
  view: 'looks at the open sessions',
  counter: 'the server’s counters',
  report: 'reports of clients’ hosts',
};
