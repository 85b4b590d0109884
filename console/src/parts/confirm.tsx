import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState, type ReactNode } from 'react';
import { ApiError } from '../api/http';
import { Command } from './command';
import { Problem } from './problem';

interface Props {
  title: string; // "Delete shop"
  action: string; // the button: "Delete"
  children: ReactNode; // what it does, in words
  name?: string; // what has to be typed first, for what cannot be undone
  command?: string;
  onDo: () => Promise<unknown>;
  onClose: (done: boolean) => void;
}

/** Asks before something is done that somebody might regret, naming the thing. */
export function Confirm({ title, action, children, name, command, onDo, onClose }: Props) {
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const go = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await onDo();
      onClose(true);
    } catch (e) {
      setError(e instanceof ApiError ? e : new ApiError('Failed', String(e), 0));
      setBusy(false);
    }
  };
  return (
    <Modal
      visible
      header={title}
      onDismiss={() => onClose(false)}
      closeAriaLabel="Close"
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={() => onClose(false)}>
              Cancel
            </Button>
            <Button variant="primary" loading={busy} disabled={name !== undefined && typed !== name} onClick={go}>
              {action}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <Problem error={error} />
        {children}
        {name !== undefined && (
          <FormField label={`Type ${name} to go on`}>
            <Input value={typed} onChange={e => setTyped(e.detail.value)} ariaRequired />
          </FormField>
        )}
        {command && <Command text={command} />}
      </SpaceBetween>
    </Modal>
  );
}
