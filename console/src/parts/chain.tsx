import Box from '@cloudscape-design/components/box';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { Fragment } from 'react';
import { continues, roleOf, shortName, type ChainCertificate, type MissingCertificate } from './chain_links';
import { drawing } from './colours';
import { absolute, When } from './when';
import './chain.css';

interface Props {
  certificates: ChainCertificate[]; // as they were sent: the leaf first
  missing?: MissingCertificate; // what the trust store lacks to accept them
  label?: string; // what it is the chain of, for screen readers
}

/** A certificate chain drawn from the leaf to what has to be trusted, with the missing link marked. */
export function Chain({ certificates, missing, label = 'Certificate chain' }: Props) {
  if (certificates.length === 0 && !missing) return <Box color="text-body-secondary">No certificate was sent.</Box>;
  const last = certificates.length - 1;
  return (
    <ol className="chain" style={drawing} aria-label={label}>
      {certificates.map((c, n) => (
        <Fragment key={`${c.sha256} ${n}`}>
          <li>
            <Card certificate={c} role={roleOf(certificates, n)} />
            {n < last && <Joint whole={continues(certificates, n)} issuer={c.issuer} />}
            {n === last && missing && <Joint whole={false} issuer={missing.subject} />}
            {n === last && !missing && !c.self_signed && <Joint whole issuer={c.issuer} kept />}
          </li>
        </Fragment>
      ))}
      {missing && (
        <li>
          <div className="chain-card missing">
            <div className="role">
              <StatusIndicator type="error">Missing from the trust store</StatusIndicator>
            </div>
            <strong>{shortName(missing.subject)}</strong>
            <dl className="chain-facts">
              <dt>Subject</dt>
              <dd>{missing.subject}</dd>
              {missing.key_id && <Fact name="Key identifier" value={missing.key_id} />}
              {missing.sha256 && <Fact name="SHA-256" value={missing.sha256} />}
            </dl>
          </div>
        </li>
      )}
    </ol>
  );
}

function Joint({ whole, issuer, kept }: { whole: boolean; issuer: string; kept?: boolean }) {
  const text = !whole ? `is signed by ${shortName(issuer)}, which is not here` : kept ? `is signed by ${shortName(issuer)}, which clients keep in their trust stores` : 'is signed by';
  return (
    <div className={whole ? 'chain-link' : 'chain-link broken'}>
      <span aria-hidden="true">{whole ? '↓' : '✕'}</span>
      {text}
    </div>
  );
}

const soon = 30 * 86_400_000; // what a person should look at

function age(c: ChainCertificate): 'old' | 'soon' | '' {
  const left = Date.parse(c.not_after) - Date.now();
  if (left < 0 || Date.parse(c.not_before) > Date.now()) return 'old';
  return left < soon ? 'soon' : '';
}

function Card({ certificate: c, role }: { certificate: ChainCertificate; role: string }) {
  const state = age(c);
  return (
    <div className={`chain-card ${state}`}>
      <div className="role">
        <Box variant="awsui-key-label">{role}</Box>
        {state === 'old' && <StatusIndicator type="error">{Date.parse(c.not_after) < Date.now() ? 'expired' : 'not valid yet'}</StatusIndicator>}
        {state === 'soon' && <StatusIndicator type="warning">expires soon</StatusIndicator>}
      </div>
      <strong>{shortName(c.subject)}</strong>
      <dl className="chain-facts">
        {c.names && c.names.length > 0 && <Fact name="Names" value={c.names.join(', ')} />}
        <dt>Valid</dt>
        <dd>
          {absolute(c.not_before, true)} to {absolute(c.not_after, true)}, ends <When at={c.not_after} show="relative" />
        </dd>
        <Fact name="Key" value={`${c.key} ${c.key_bits}${c.signature ? `, signed with ${c.signature}` : ''}`} />
        {!c.self_signed && <Fact name="Issuer" value={shortName(c.issuer)} />}
        {c.serial && <Fact name="Serial" value={c.serial} />}
        <Fact name="SHA-256" value={c.sha256} />
      </dl>
    </div>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}
