import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Form from '@cloudscape-design/components/form';
import Modal, { type ModalProps } from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useId, type ReactNode } from 'react';
import { Command } from './command';
import { Problem } from './problem';
import { useAct } from './use_act';

interface Props {
  title: string;
  action: string; // the button
  ready: boolean; // all that is needed is given
  children: ReactNode; // the fields
  command?: string;
  size?: ModalProps.Size;
  onDo: () => Promise<unknown>;
  onClose: (done: boolean) => void;
}

/** A form in a window of its own: Enter sends it, a refusal stands above it. */
export function FormModal({ title, action, ready, children, command, size, onDo, onClose }: Props) {
  const { busy, error, run } = useAct();
  const form = useId(); // the button stands outside of the form
  const go = async () => {
    if (ready && !busy && (await run(onDo))) onClose(true);
  };
  return (
    <Modal
      visible
      size={size}
      header={title}
      closeAriaLabel="Close"
      onDismiss={() => onClose(false)}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={() => onClose(false)}>
              Cancel
            </Button>
            <Button variant="primary" form={form} loading={busy} disabled={!ready}>
              {action}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <form
        id={form}
        onSubmit={e => {
          e.preventDefault();
          void go();
        }}
      >
        <Form>
          <SpaceBetween size="m">
            <Problem error={error} />
            {children}
            {command && <Command text={command} />}
          </SpaceBetween>
        </Form>
      </form>
    </Modal>
  );
}
