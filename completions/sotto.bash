# Completion of sotto for bash.
_sotto() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
	local commands='register login whoami list status send receive chat
		verify devices passwd logout'
	local options='--help --version --verbose --quiet --output --color
		--home --account --password-file --password-fd --ephemeral
		--listen --direct-only --relay-only --hide-address --server-key
		--policy --count --for --confirm --qr --new-password-file
		--forget'

	case $before in
	-o | --output) COMPREPLY=($(compgen -W 'plain json' -- "$word")) ;;
	--color) COMPREPLY=($(compgen -W 'auto always never' -- "$word")) ;;
	--policy) COMPREPLY=($(compgen -W 'accept ask refuse' -- "$word")) ;;
	--home) COMPREPLY=($(compgen -d -- "$word")) ;;
	--password-file | --new-password-file)
		COMPREPLY=($(compgen -f -- "$word")) ;;
	status) COMPREPLY=($(compgen -W 'available away invisible' -- "$word")) ;;
	devices) COMPREPLY=($(compgen -W 'remove' -- "$word")) ;;
	*)
		case $word in
		-*) COMPREPLY=($(compgen -W "$options" -- "$word")) ;;
		*) COMPREPLY=($(compgen -W "$commands" -- "$word")) ;;
		esac
		;;
	esac
}
complete -F _sotto sotto
