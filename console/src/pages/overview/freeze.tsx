import Alert from '@cloudscape-design/components/alert';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { useState } from 'react';
import { useApp } from '../../app/context';
import { post } from '../../api/native';
import { ActButton } from '../../parts/act_button';
import { word } from '../../parts/command';
import { Confirm } from '../../parts/confirm';

/** Says that nothing rotates, and why. */
export function Frozen({ reason }: { reason: string }) {
  return (
    <Alert type="warning" header="Rotations are frozen">
      {reason || 'No reason was given.'} Certificates go on to expire meanwhile.
    </Alert>
  );
}

/** The switch that holds all rotations. */
export function Freeze({ frozen, onDone }: { frozen: boolean; onDone: () => void }) {
  const { say } = useApp();
  const [asking, ask] = useState(false);
  const [reason, setReason] = useState('');
  const close = (done: boolean) => {
    ask(false);
    if (!done) return;
    say('success', frozen ? 'Rotations go on.' : 'Rotations are frozen.');
    setReason('');
    onDone();
  };
  return (
    <>
      <ActButton onClick={() => ask(true)}>{frozen ? 'Unfreeze rotations' : 'Freeze rotations'}</ActButton>
      {asking && frozen && (
        <Confirm title="Unfreeze rotations" action="Unfreeze" command="dbtls unfreeze" onDo={() => post('freeze', {}, 'DELETE')} onClose={close}>
          What is due rotates at once, one database after the other. Sessions of engines that cannot reload are ended by a restart in their maintenance windows.
        </Confirm>
      )}
      {asking && !frozen && (
        <Confirm title="Freeze all rotations" action="Freeze" command={`dbtls freeze --reason ${word(reason || 'release week')}`} onDo={() => post('freeze', { reason })} onClose={close}>
          No certificate of any region is replaced until somebody unfreezes. A compromised key is not replaced either.
          <FormField label="Reason" description="For the overview and the audit log">
            <Input value={reason} onChange={e => setReason(e.detail.value)} placeholder="release week" />
          </FormField>
        </Confirm>
      )}
    </>
  );
}
