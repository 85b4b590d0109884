package forcetls

import (
	"context"
	"slices"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
	"github.com/dbtls/dbtls/internal/store"
)

// Request is what somebody wants of a target.
type Request struct {
	Target
	On     bool
	Except []string  // exceptions to add, in the words of engine.ParseExceptions
	Since  time.Time // clients are looked for from here on; zero: DefaultSince ago
}

// wish is what one parameter of the group shall be.
type wish struct {
	name, value, off string // off: the value that lets plain clients in, of the parameter that forces
	static           bool
}

// Plan says what a request would do.
func (s *Service) Plan(ctx context.Context, q Request) (Plan, error) {
	p, _, err := s.plan(ctx, q, time.Now())
	return p, err
}

func (s *Service) plan(ctx context.Context, q Request, now time.Time) (Plan, subject, error) {
	tx := s.Store.Read(ctx)
	u, err := s.resolve(tx, q.Target)
	if err != nil {
		return Plan{}, u, err
	}
	if q.Since.IsZero() {
		q.Since = now.Add(-DefaultSince)
	}
	p, r, err := s.wishes(u, q, now)
	if err != nil {
		return p, u, err
	}
	if p.Pending, err = s.pendingOf(tx, u); err != nil {
		return p, u, err
	}
	users, err := s.Params.Users(tx, u.group)
	if err != nil {
		return p, u, err
	}
	if p.isDefault(u) {
		if u.only != nil {
			users = []inventory.Instance{*u.only}
		}
		p.Default = instead(u.group, users)
	}
	wished := u.group
	wished.Settings = p.wished(u.group)
	for _, i := range users {
		f, err := s.facts(tx, u, i, wished, r)
		if err != nil {
			return p, u, err
		}
		f.since, f.now = q.Since, now
		s.read(ctx, &f)
		if len(p.Default) > 0 && f.effect == EffectNow {
			f.effect, f.why = EffectReboot, "another parameter group counts from the next start on"
		}
		p.Instances = append(p.Instances, f.plan())
	}
	return p, u, nil
}

// wishes begins the plan with what the group shall say.
func (s *Service) wishes(u subject, q Request, now time.Time) (Plan, rule, error) {
	g := u.group
	p := Plan{Target: q.Name, Group: g.Name, Kind: g.Kind, Region: g.Region, Family: g.Family, Version: g.Version, Parameter: u.force.Parameter,
		Then: u.force.Off, Static: u.static, On: q.On, Since: q.Since, At: now, Instances: []InstancePlan{}}
	if q.On {
		p.Then = u.force.On
	}
	catalogue := u.family.Catalogue(g.Kind)
	values := params.Values(catalogue, g.Settings)
	p.Now = values[u.force.Parameter]
	if p.Now != p.Then || waits(g.Settings[u.force.Parameter], u.static) {
		p.settings = append(p.settings, wish{name: u.force.Parameter, value: p.Then, off: u.force.Off, static: u.static})
	}
	r := rule{Force: u.force, Forced: q.On}
	value := values[u.force.Exceptions]
	if len(q.Except) > 0 {
		more, err := s.exceptions(u, q, value, now)
		if err != nil {
			return p, r, err
		}
		if formatted := engine.FormatExceptions(more); formatted != value {
			p.settings = append(p.settings, wish{name: u.force.Exceptions, value: formatted})
		}
		value = engine.FormatExceptions(more)
	}
	r.Except, _ = engine.ParseExceptions(value) // what the catalogue's Check has let through
	for _, x := range r.Except {
		if now.Before(x.Until) {
			p.Exceptions = append(p.Exceptions, x.String())
		}
	}
	p.Changes = len(p.settings) > 0
	return p, r, nil
}

// waits reports a dynamic parameter that somebody has set for the next reboot.
func waits(set inventory.Setting, static bool) bool {
	return !static && !set.Reset && set.Method == inventory.PendingReboot && set.Value != ""
}

// exceptions adds those of a request to what the group says.
func (s *Service) exceptions(u subject, q Request, value string, now time.Time) ([]engine.Exception, error) {
	if !q.On {
		return nil, fault.New(fault.InvalidCombination, "exceptions are for forced TLS: give them with on, not with off")
	}
	if u.force.Exceptions == "" {
		return nil, fault.New(fault.NotBuilt, "Servers of %s cannot let single clients in without TLS while they refuse the others, so there are no exceptions: move %s to TLS first, or force it later",
			u.family.Engine.Spec.Description, list(q.Except, 3))
	}
	all, err := added(value, q.Except, now)
	if err != nil {
		return nil, err
	}
	for _, p := range u.family.Catalogue(u.group.Kind) {
		if p.Name != u.force.Exceptions {
			continue
		}
		if _, err := p.Canonical(engine.FormatExceptions(all)); err != nil { // the product has rules of its own
			return nil, fault.New(fault.InvalidParameter, "%s cannot be %q: %v", p.Name, engine.FormatExceptions(all), err)
		}
	}
	return all, nil
}

// isDefault reports a group that nobody can change.
func (p Plan) isDefault(u subject) bool { return p.Group == inventory.DefaultGroup(u.group.Family) }

// wished is what the group would say.
func (p Plan) wished(g inventory.Group) map[string]inventory.Setting {
	settings := map[string]inventory.Setting{}
	for name, set := range g.Settings {
		settings[name] = set
	}
	for _, w := range p.settings {
		settings[w.name] = w.setting()
	}
	return settings
}

func (w wish) setting() inventory.Setting {
	if w.static {
		return inventory.Setting{Value: w.value, Method: inventory.PendingReboot}
	}
	return inventory.Setting{Value: w.value, Method: inventory.Immediate}
}

// facts are what the state knows of an instance for a plan in which one of its
// groups is as wished.
func (s *Service) facts(tx *store.Tx, u subject, i inventory.Instance, wished inventory.Group, r rule) (facts, error) {
	f := facts{inst: i, rule: r}
	catalogue, settings, err := s.Params.SettingsWith(tx, i, wished)
	if err != nil {
		return f, err
	}
	if own := s.force(i); own != nil {
		f.rule.Force = *own // its words may be others than those of the family's newest version
	}
	f.effect, f.why = effect(i, f.rule, catalogue, settings)
	f.forced = s.forced(i, f.rule.Force)
	return f, nil
}

// effect says when the server of an instance does what the settings say.
func effect(i inventory.Instance, r rule, catalogue []engine.Parameter, settings map[string]inventory.Setting) (Effect, string) {
	told, then := params.Told(catalogue, i.Applied), params.Values(catalogue, settings)
	n := slices.IndexFunc(catalogue, func(p engine.Parameter) bool { return p.Name == r.Parameter })
	switch {
	case n < 0:
		return EffectNone, "version " + i.Version + " does not know " + r.Parameter
	case (then[r.Parameter] == r.On) != r.Forced:
		return EffectCluster, "another of its parameter groups decides on " + r.Parameter
	case told[r.Parameter] == then[r.Parameter] && told[r.Exceptions] == then[r.Exceptions]:
		return EffectNone, "its server was told so already"
	case catalogue[n].ApplyType == engine.Static && told[r.Parameter] != then[r.Parameter]:
		return EffectReboot, r.Parameter + " is a static parameter"
	case i.Status == inventory.StatusStopped || i.Down != "":
		return EffectStart, "it does not run"
	case i.GroupWaits:
		return EffectReboot, "its parameter group is another since its last start"
	case settings[r.Parameter].Method == inventory.PendingReboot && told[r.Parameter] != then[r.Parameter]:
		return EffectReboot, "it was set with the apply method pending-reboot"
	}
	return EffectNow, "open sessions live on"
}

// read adds what was seen of the instance's clients.
func (s *Service) read(ctx context.Context, f *facts) {
	if f.effect == EffectNone || f.effect == EffectCluster {
		return
	}
	f.born = f.inst.CreatedAt
	if s.Evidence == nil {
		f.unread = "nothing watches who logs in"
		return
	}
	var err error
	f.rows, f.spans, err = s.Evidence.Clients(ctx, f.inst.ResourceID, later(f.since, f.inst.CreatedAt))
	if err != nil {
		s.Log.Error("read evidence", "instance", f.inst.Name, "error", err)
		f.unread = "the evidence on its clients cannot be read; the server's log says why"
		return
	}
	var served time.Time
	if r, err := s.Store.Read(ctx).FirstRotation(f.inst.ResourceID); err == nil {
		served = r.EndedAt
	}
	f.born = born(f.inst.CreatedAt, served, f.spans, f.now)
}
