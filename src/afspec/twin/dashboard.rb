# What Open OnDemand's dashboard does around an interactive app, as far as a miniature needs it: it renders the form,
# takes a user's values, renders and stages the templates, makes the job's script and submits it.
#
#   ruby dashboard.rb form APP                      the form's fields and their defaults, as JSON
#   ruby dashboard.rb submit APP < values.json      job and folder, as JSON; a refused value: message, exit status 3
#
# The contracts are those of Open OnDemand's documentation (Interactive Apps) and of ood_core's template `basic`: ERB
# with trim mode "-", a context whose fields are those of the form, host, port and password in connection.yml.
require "erb"
require "fileutils"
require "json"
require "open3"
require "ostruct"
require "securerandom"
require "yaml"

REFUSED = 3

# What the templates of the job see; a name that the form lacks is an error there.
Session = Struct.new(:id, :staged_root)
class Context
  def initialize(values)
    @values = values
  end

  def method_missing(name, *arguments)
    @values.key?(name) && arguments.empty? ? @values[name] : super
  end

  def respond_to_missing?(name, include_private = false)
    @values.key?(name) || super
  end
end
Scope = Struct.new(:session, :context) do
  def own_binding
    binding
  end
end

def render(path, scope)
  template = ERB.new(File.read(path, encoding: "UTF-8"), trim_mode: "-")
  template.filename = path
  template.result(scope)
end

def form_of(app)
  YAML.safe_load(render(File.join(app, "form.yml.erb"), Object.new.instance_eval { binding }))
end

# A field's value unless the user says otherwise: what the form gives, or the first option of a list.
def default_of(field)
  return field.to_s unless field.is_a?(Hash)

  first = Array(Array(field["options"]).first).last
  (field.key?("value") ? field["value"] : first).to_s
end

def defaults_of(form)
  form.fetch("form").to_h { |name| [name, default_of(form.fetch("attributes", {})[name] || {})] }
end

# The arguments for sbatch that the app asks for.
def native_of(app, values)
  scope = OpenStruct.new(values).instance_eval { binding }
  submit = YAML.safe_load(render(File.join(app, "submit.yml.erb"), scope))
  raise "the app wants another template than basic" unless submit.dig("batch_connect", "template") == "basic"

  submit.dig("script", "native").map(&:to_s)
end

def stage(app, session, values)
  FileUtils.mkdir_p(session.staged_root, mode: 0o700)
  FileUtils.cp_r(File.join(app, "template", "."), session.staged_root)
  scope = Scope.new(session, Context.new(values.transform_keys(&:to_sym))).own_binding
  Dir.glob(File.join(session.staged_root, "**", "*.erb")).each do |path|
    text = render(path, scope)
    target = path.delete_suffix(".erb")
    File.rename(path, target) # its mode stays
    File.write(target, text)
  end
end

# The job: helpers, before.sh, then script.sh in the background while after.sh waits for it, then connection.yml.
def job_script(folder)
  <<~SCRIPT
    #!/bin/bash
    cd #{folder}
    export host port

    source_helpers() {
      random_number() { shuf -i "$1-$2" -n 1; }
      port_used() { (: < "/dev/tcp/${1%:*}/${1##*:}") 2>/dev/null; }
      find_port() {
        local port
        while port=$(random_number "${2:-2000}" "${3:-65535}"); port_used "${1:-localhost}:$port"; do :; done
        echo "$port"
      }
      wait_until_port_used() {
        local tries
        for ((tries = 2 * ${2:-30}; tries > 0; tries--)); do
          port_used "$1" && return 0
          sleep 0.5
        done
        return 1
      }
      create_passwd() { tr -cd '[:alnum:]' < /dev/urandom 2>/dev/null | head -c "${1:-32}"; }
      export -f random_number port_used find_port wait_until_port_used create_passwd
    }
    source_helpers

    clean_up() {
      echo "Cleaning up..."
      [ -e clean.sh ] && source clean.sh
      [ -n "${SCRIPT_PID:-}" ] && pkill -P "$SCRIPT_PID"
      pkill -P $$
      exit "${1:-0}"
    }

    host=$(hostname)
    [ -e before.sh ] && source ./before.sh
    echo "Script starting..."
    ./script.sh &
    SCRIPT_PID=$!
    [ -e after.sh ] && source ./after.sh
    (umask 077 && printf 'host: %s\\nport: %s\\npassword: %s\\n' "$host" "$port" "$password" > connection.yml)
    wait "$SCRIPT_PID" || clean_up 1
    clean_up
  SCRIPT
end

def submit(app, given)
  form = form_of(app)
  unknown = given.keys - form.fetch("form")
  raise ArgumentError, "the form has no field #{unknown.join(', ')}" unless unknown.empty?

  values = defaults_of(form).merge(given.transform_values(&:to_s))
  native = native_of(app, values)
  name = File.basename(app)
  id = SecureRandom.uuid
  folder = File.join(Dir.home, "ondemand/data/sys/dashboard/batch_connect/sys", name, "output", id)
  stage(app, Session.new(id, folder), values)
  arguments = ["--parsable", "--export=NONE", "-D", folder, "-J", "ood-#{name}", "-o", File.join(folder, "output.log")]
  out, status = Open3.capture2e("timeout", "30", "sbatch", *arguments, *native, stdin_data: job_script(folder))
  raise "sbatch: #{out.strip}" unless status.success?

  { job: out.strip.split(";").first, folder: folder, native: native }
end

action, app = ARGV
begin
  answer =
    case action
    when "form" then defaults_of(form_of(app))
    when "submit" then submit(app, JSON.parse($stdin.read))
    else abort "usage: dashboard.rb form|submit APP"
    end
  puts JSON.generate(answer)
rescue ArgumentError => e
  warn e.message
  exit REFUSED
end
