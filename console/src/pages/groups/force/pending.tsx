import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useEffect, useState } from 'react';
import { useApp } from '../../../app/context';
import type { ForcePending } from '../../../api/force_tls';
import { post } from '../../../api/native';
import { ActButton } from '../../../parts/act_button';
import { word } from '../../../parts/command';
import { Confirm } from '../../../parts/confirm';
import { When } from '../../../parts/when';

interface Props {
  pending: ForcePending;
  kind: string; // group or cluster-group
  onChanged: () => void;
}

/** A change that is undone at its deadline, counting down. */
export function PendingChange({ pending, kind, onChanged }: Props) {
  const { region, say } = useApp();
  const [asking, ask] = useState<'confirm' | 'undo'>();
  const confirm = asking === 'confirm';
  return (
    <>
      <Alert
        type="warning"
        header={
          <>
            Undone in <Countdown until={pending.undone_at} /> unless it is confirmed
          </>
        }
        action={
          <SpaceBetween direction="horizontal" size="xs">
            <ActButton variant="primary" onClick={() => ask('confirm')}>
              Confirm
            </ActButton>
            <ActButton onClick={() => ask('undo')}>Undo</ActButton>
          </SpaceBetween>
        }
      >
        {pending.by} forced TLS in {pending.group} <When at={pending.at} />. See that your clients still log in, then confirm.
      </Alert>
      {asking && (
        <Confirm
          title={confirm ? `Keep TLS forced in ${pending.group}` : `Undo forced TLS in ${pending.group}`}
          action={confirm ? 'Confirm' : 'Undo'}
          command={`dbtls force-tls ${word(pending.group)} ${asking} --kind ${kind} --region ${region}`}
          onDo={() => post(`force-tls/${encodeURIComponent(pending.group)}/${asking}`, { kind })}
          onClose={done => {
            ask(undefined);
            if (!done) return;
            say('success', confirm ? `TLS stays forced in ${pending.group}.` : `Forced TLS in ${pending.group} is undone.`);
            onChanged();
          }}
        >
          {confirm ? 'Clients without TLS stay refused.' : 'The parameters go back to what they were; clients without TLS are let in again.'}
        </Confirm>
      )}
    </>
  );
}

function Countdown({ until }: { until: string }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const left = Math.max(0, Math.round((Date.parse(until) - now) / 1000));
  const two = (n: number) => String(n).padStart(2, '0');
  const text = left >= 3600 ? `${Math.floor(left / 3600)}:${two(Math.floor(left / 60) % 60)}:${two(left % 60)}` : `${Math.floor(left / 60)}:${two(left % 60)}`;
  // told once: a screen reader need not hear every second
  return (
    <Box variant="span" fontWeight="bold" color="inherit">
      <span role="timer" aria-live="off">
        {text}
      </span>
    </Box>
  );
}
