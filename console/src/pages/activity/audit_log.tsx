import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Toggle from '@cloudscape-design/components/toggle';
import Box from '@cloudscape-design/components/box';
import { useState } from 'react';
import { useLive } from '../../api/live';
import { get } from '../../api/native';
import type { AuditLine } from '../../api/types';
import { Command } from '../../parts/command';
import { Problem } from '../../parts/problem';
import { Rows } from '../../parts/rows';
import { useAct } from '../../parts/use_act';
import { When } from '../../parts/when';
import './audit_log.css';

const whole = 1000; // lines of one answer; fewer is the end

function load(calls: boolean, before?: { log: string; call: string }): Promise<AuditLine[]> {
  return get<AuditLine[]>('audit', { newest: '1', calls: calls ? '1' : undefined, before: before?.log, before_call: before?.call });
}

/** The id of the last line of a kind, from which on the older ones are asked for. */
function lastOf(lines: AuditLine[], call: boolean): string {
  return String(lines.filter(l => Boolean(l.call) === call).pop()?.id ?? '');
}

/** The audit log, the newest first. It cannot be changed. */
export function AuditLog() {
  const [calls, setCalls] = useState(false);
  const newest = useLive(() => load(calls), [calls]);
  const [older, setOlder] = useState<AuditLine[]>([]);
  const [end, setEnd] = useState(false);
  const act = useAct();
  const known = new Set((newest.data ?? []).map(key));
  const lines = newest.data && [...newest.data, ...older.filter(l => !known.has(key(l)))];
  const more = !end && (newest.data?.length ?? 0) >= whole;
  const fetchOlder = () =>
    act.run(async () => {
      const page = await load(calls, { log: lastOf(lines ?? [], false), call: lastOf(lines ?? [], true) });
      setOlder(all => [...all, ...page]);
      setEnd(page.length < whole);
    });
  return (
    <SpaceBetween size="m">
      <Problem error={newest.error ?? act.error} what="The audit log could not be read" onRetry={newest.reload} />
      <Rows
        title="Audit log"
        about="It takes no change and no deletion."
        rows={newest.error ? (lines ?? []) : lines}
        id={key}
        text={l => `${l.actor} ${l.action} ${l.target} ${l.detail ?? ''} ${l.request_id ?? ''}`}
        page={50}
        actions={
          <Toggle
            checked={calls}
            onChange={e => {
              setOlder([]);
              setEnd(false);
              setCalls(e.detail.checked);
            }}
          >
            Also calls that changed nothing
          </Toggle>
        }
        columns={[
          { id: 'at', header: 'When', cell: l => <When at={l.at} />, by: l => l.at, width: 150 },
          { id: 'actor', header: 'Who', cell: l => l.actor || 'dbtls itself', by: l => l.actor },
          { id: 'action', header: 'Did', cell: l => l.action, by: l => l.action, head: true },
          { id: 'target', header: 'With', width: 180, cell: l => <div className="audit-target">{l.target || '–'}</div>, by: l => l.target },
          { id: 'detail', header: 'Details', width: 300, cell: l => <Details line={l} /> },
        ]}
        empty="Nothing was done yet."
      />
      {more && (
        <Button onClick={fetchOlder} loading={act.busy}>
          Fetch older ones
        </Button>
      )}
      <Command text={`dbtls audit${calls ? ' --calls' : ''} --json`} />
    </SpaceBetween>
  );
}

function Details({ line: l }: { line: AuditLine }) {
  return (
    <div className="audit-details">
      {l.detail}
      {l.request_id && (
        <Box variant="small" display="block" color="text-body-secondary">
          request {l.request_id}
        </Box>
      )}
    </div>
  );
}

function key(l: AuditLine): string {
  return `${l.call ? 'call' : 'log'} ${l.id}`;
}
