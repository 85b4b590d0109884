import Box from '@cloudscape-design/components/box';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Toggle from '@cloudscape-design/components/toggle';
import { useState } from 'react';
import type { SessionClient, Sessions } from '../../api/types';
import { Rows } from '../../parts/rows';
import { When } from '../../parts/when';

/** Who it is, in the words of logs. */
function who(c: SessionClient): string {
  return `${c.user || '(no user)'}@${c.source || '?'}`;
}

/** The clients, the latest first. */
export function SessionTable({ data }: { data: Sessions }) {
  const [own, showOwn] = useState(false);
  const hidden = data.clients.filter(c => c.own || c.internal).length;
  return (
    <Rows
      title="Clients"
      about={data.more > 0 ? `The latest ${data.clients.length}; ${data.more} more` : undefined}
      rows={own ? data.clients : data.clients.filter(c => !c.own && !c.internal)}
      actions={
        hidden > 0 && (
          <Toggle checked={own} onChange={e => showOwn(e.detail.checked)}>
            Also dbtls itself
          </Toggle>
        )
      }
      id={c => [c.kind, c.how, c.user, c.source, c.application, c.database, c.tls, c.tls_version, c.cipher, c.own, c.why].join(' ')}
      text={c => `${who(c)} ${c.application} ${c.database} ${c.tls} ${c.tls_version ?? ''} ${c.cipher ?? ''}`}
      columns={[
        { id: 'tls', header: 'TLS', cell: c => <Encryption c={c} />, by: c => `${c.kind} ${c.tls}`, width: 130 },
        { id: 'who', header: 'Client', head: true, cell: c => <>{who(c)}<Box variant="small" display="block">{c.own ? 'dbtls itself' : c.internal ? 'the server itself' : c.application}</Box></>, by: who, width: 140 },
        { id: 'db', header: 'Database', cell: c => c.database || '–', by: c => c.database },
        { id: 'first', header: 'First seen', cell: c => <When at={c.first_seen} />, by: c => c.first_seen, width: 130 },
        { id: 'last', header: 'Last seen', cell: c => <When at={c.last_seen} />, by: c => c.last_seen, width: 130 },
        { id: 'count', header: 'Times', cell: c => c.count, by: c => c.count },
        { id: 'how', header: 'Seen by', cell: c => c.how === 'view' ? 'look' : c.how, by: c => c.how },
      ]}
      empty={hidden > 0 ? 'Nobody but dbtls itself was seen in that time.' : 'No client was seen in that time.'}
    />
  );
}

function Encryption({ c }: { c: SessionClient }) {
  const more = c.kind === 'login' && c.tls === 'encrypted' ? c.cipher : c.why;
  return (
    <>
      <State c={c} />
      {more && (
        <Box variant="small" display="block">
          {more}
        </Box>
      )}
    </>
  );
}

function State({ c }: { c: SessionClient }) {
  if (c.kind !== 'login') return <StatusIndicator type="stopped">{c.kind === 'plain-refused' ? 'refused without TLS' : 'handshake failed'}</StatusIndicator>;
  if (c.tls === 'plain') return <StatusIndicator type="error">plain</StatusIndicator>;
  if (c.tls === 'unknown') return <StatusIndicator type="warning">not known</StatusIndicator>;
  return <StatusIndicator type="success">{c.tls_version || 'encrypted'}</StatusIndicator>;
}
