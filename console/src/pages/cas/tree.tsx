import Badge from '@cloudscape-design/components/badge';
import Box from '@cloudscape-design/components/box';
import type { Hierarchy } from '../../api/types';
import { ActButton } from '../../parts/act_button';
import { shortName } from '../../parts/chain_links';
import { drawing } from '../../parts/colours';
import { Link } from '../../parts/link';
import { absolute } from '../../parts/when';
import './cas.css';

type CA = Hierarchy['cas'][number];

/** Each root, the issuing CA below it, the databases below that; and the other roots that vouch for it. */
export function Tree({ hierarchy, onDefault }: { hierarchy: Hierarchy; onDefault: (id: string) => void }) {
  return (
    <ul className="cas" style={drawing} aria-label="Certificate authorities">
      {hierarchy.cas.map(ca => (
        <li key={ca.id} className={ca.id === hierarchy.default ? 'cas-column current' : 'cas-column'}>
          <div className="cas-name">
            <strong>{ca.id}</strong>
            {ca.id === hierarchy.default ? <Badge color="green">{hierarchy.override ? 'default, chosen' : 'default'}</Badge> : <Default ca={ca} onDefault={onDefault} />}
          </div>
          <Crosses ca={ca} />
          <Node role="Root CA" name={shortName(ca.root.subject)} facts={`${ca.root.key} ${ca.root.key_bits}, until ${absolute(ca.root.not_after, true)}`} />
          <Arrow text="signs" />
          <Node role="Issuing CA" name={shortName(ca.issuing.subject)} facts={`${ca.issuing.key} ${ca.issuing.key_bits}, until ${absolute(ca.issuing.not_after, true)}`} />
          <Arrow text="signs" />
          <div className="cas-node leaves">
            <Box variant="awsui-key-label">Server certificates</Box>
            {ca.databases === 0 ? (
              <span>no database</span>
            ) : (
              <Link to={`/databases?ca=${encodeURIComponent(ca.id)}`}>{ca.databases === 1 ? '1 database' : `${ca.databases} databases`}</Link>
            )}
            <div className="cas-faint">{ca.auto_rotates ? 'renewed by itself' : 'renewed when somebody asks'}</div>
          </div>
        </li>
      ))}
    </ul>
  );
}

function Default({ ca, onDefault }: { ca: CA; onDefault: (id: string) => void }) {
  return (
    <ActButton variant="inline-link" needs="admin" onClick={() => onDefault(ca.id)} ariaLabel={`Make default: ${ca.id}`}>
      Make default
    </ActButton>
  );
}

function Node({ role, name, facts }: { role: string; name: string; facts: string }) {
  return (
    <div className="cas-node">
      <Box variant="awsui-key-label">{role}</Box>
      <div>{name}</div>
      <div className="cas-faint">{facts}</div>
    </div>
  );
}

function Arrow({ text }: { text: string }) {
  return (
    <div className="cas-arrow">
      <span aria-hidden="true">↓</span> {text}
    </div>
  );
}

/** A cross-certificate lets clients that trust the issuer's root alone accept this CA's chain: the bridge. */
function Crosses({ ca }: { ca: CA }) {
  if (ca.crosses.length === 0) return <div className="cas-crosses none">No other root vouches for this one.</div>;
  return (
    <div className="cas-crosses">
      <Box variant="awsui-key-label">Crosses: its root is vouched for by</Box>
      <ul>
        {ca.crosses.map(c => (
          <li key={c.issuer}>
            {c.issuer} <span className="cas-faint">until {absolute(c.not_after, true)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
