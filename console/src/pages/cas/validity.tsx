import { Fragment } from 'react';
import type { CACertificate, Hierarchy } from '../../api/types';
import { drawing } from '../../parts/colours';
import { absolute, relative } from '../../parts/when';
import './cas.css';

const year = 365.25 * 86_400_000;

/** The life of every root and issuing CA, as bars on one axis. */
export function Validity({ cas }: { cas: Hierarchy['cas'] }) {
  const rows = cas.flatMap(ca => [
    { name: `${ca.id} root`, cert: ca.root },
    { name: `${ca.id} issuing`, cert: ca.issuing },
  ]);
  const now = Date.now();
  const from = Math.min(now - year, ...rows.map(r => Date.parse(r.cert.not_before)));
  const to = Math.max(now + year, ...rows.map(r => Date.parse(r.cert.not_after)));
  // decades and the next years both have to be seen: the root of the distance
  const place = (at: number) => {
    const past = 0.04;
    return at <= now ? past * (1 - Math.min(1, (now - at) / (now - from))) : past + (1 - past) * Math.sqrt((at - now) / (to - now));
  };
  const percent = (n: number) => `${n * 100}%`;
  return (
    <div className="validity" style={drawing}>
      {rows.map(({ name, cert }) => (
        <Fragment key={name}>
          <div>
            {name}
            <div className="cas-faint">{told(cert)}</div>
          </div>
          <div className="validity-track" aria-hidden="true">
            <span
              className={Date.parse(cert.not_after) - now < year ? 'validity-bar soon' : 'validity-bar'}
              style={{ insetInlineStart: percent(place(Date.parse(cert.not_before))), inlineSize: percent(place(Date.parse(cert.not_after)) - place(Date.parse(cert.not_before))) }}
            />
            <span className="validity-now" style={{ insetInlineStart: percent(place(now)) }} />
          </div>
        </Fragment>
      ))}
    </div>
  );
}

function told(c: CACertificate): string {
  const over = Date.parse(c.not_after) < Date.now() ? 'ended' : 'ends';
  return `${absolute(c.not_before, true)} to ${absolute(c.not_after, true)}, ${over} ${relative(c.not_after)}`;
}
