import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import { useEffect, useState } from 'react';
import { verifies } from '../../api/engines';
import type { ConnectionTest } from '../../api/types';
import { drawing } from '../../parts/colours';
import './stages.css';

const stages = [
  { id: 'dns', name: 'DNS', about: 'the name has an address' },
  { id: 'connect', name: 'TCP', about: 'something listens there' },
  { id: 'starttls', name: 'Preamble', about: 'it speaks the protocol and offers TLS' },
  { id: 'tls', name: 'TLS', about: 'the handshake' },
  { id: 'chain', name: 'Chain', about: 'the certificate comes from the CA' },
  { id: 'name', name: 'Name', about: 'the certificate is for this server' },
  { id: 'login', name: 'Login', about: 'user, password and database' },
];

interface Shown {
  type: StatusIndicatorProps.Type;
  word: string;
}

function skipped(id: string, mode: string): boolean {
  if (id === 'tls') return mode === 'none';
  if (id === 'chain') return !verifies(mode);
  return id === 'name' && mode !== 'verify-full';
}

/** What is known of each stage, once the test has ended. */
function results(test: ConnectionTest, mode: string): Shown[] {
  const at = stages.findIndex(s => s.id === test.outcome.stage);
  const broken = test.status === 'failed' ? (at < 0 ? 0 : at) : stages.length;
  return stages.map((s, n) => {
    if (n === broken) return { type: 'error', word: test.outcome.code ?? 'failed' };
    if (n > broken) return { type: 'stopped', word: 'not reached' };
    // a stage before one that failed was passed, if the mode asks for it
    return skipped(s.id, mode) ? { type: 'info', word: 'not asked for' } : { type: 'success', word: 'passed' };
  });
}

const beat = 140; // between two stages that light up, in milliseconds

/** The stages of a connection. With light, of a test that somebody watches, they light up one after the other. */
export function Stages({ test, mode, light }: { test: ConnectionTest; mode: string; light: boolean }) {
  const testing = test.status === 'testing';
  const [lit, setLit] = useState(testing || light ? 0 : stages.length);
  useEffect(() => {
    if (testing || lit >= stages.length) return;
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const timer = setTimeout(() => setLit(still ? stages.length : lit + 1), beat);
    return () => clearTimeout(timer);
  }, [testing, lit]);
  const known = testing ? [] : results(test, mode);
  return (
    <ol className="stages" style={drawing} aria-label="Stages of the connection">
      {stages.map((s, n) => {
        const shown: Shown = n < lit && known[n] ? known[n]! : n === lit ? { type: 'in-progress', word: 'under way' } : { type: 'pending', word: 'waits' };
        return (
          <li key={s.id} className={`stage ${shown.type}`}>
            <strong>{s.name}</strong>
            <StatusIndicator type={shown.type}>{shown.word}</StatusIndicator>
            <span className="stage-about">{s.about}</span>
          </li>
        );
      })}
    </ol>
  );
}
