import Button, { type ButtonProps } from '@cloudscape-design/components/button';
import { useApp } from '../app/context';

interface Props extends ButtonProps {
  needs?: 'operator' | 'admin';
  unless?: string; // why it cannot be done now, whoever asks
}

/** A button that changes something: it says why when it may not be pressed. */
export function ActButton({ needs = 'operator', unless, ...button }: Props) {
  const reason = useMayNot(needs) ?? (unless || undefined);
  return <Button {...button} disabled={button.disabled || reason !== undefined} disabledReason={reason} />;
}

/** Why the user's role does not allow what takes another one, or undefined. */
export function useMayNot(needs: 'operator' | 'admin' = 'operator'): string | undefined {
  const { me, mayChange } = useApp();
  const may = needs === 'admin' ? me.role === 'admin' : mayChange;
  return may ? undefined : `Your role is ${me.role}; this takes the role ${needs}.`;
}
