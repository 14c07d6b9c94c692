# Fills an empty Redmine: its default data, the REST API switched on, two projects, three users and their API keys.
Redmine::DefaultData::Loader.load('en')
Setting.rest_api_enabled = '1'
trackers = { trackers: Tracker.all.to_a, enabled_module_names: %w[issue_tracking] }
Project.create!(name: 'Shop', identifier: 'shop', is_public: true, **trackers)
Project.create!(name: 'Vault', identifier: 'vault', is_public: false, **trackers)
field = { field_format: 'string', is_for_all: true, trackers: Tracker.all.to_a }
marker = IssueCustomField.create!(name: 'GitLab', is_filter: true, **field)
plain = IssueCustomField.create!(name: 'Remark', is_filter: false, **field)
users = %w[guest locked].to_h do |login|
  user = User.new(login: login, firstname: login, lastname: 'User', mail: "#{login}@acme.example", language: 'en')
  user.password = user.password_confirmation = SecureRandom.hex(12)
  user.save!
  [login, user]
end
users['admin'] = User.find_by_login('admin')
users['admin'].update!(must_change_passwd: false)
keys = users.transform_values(&:api_key)
users['locked'].lock!
puts JSON.generate(keys: keys, marker_field: marker.id, plain_field: plain.id, version: Redmine::VERSION.to_s)
