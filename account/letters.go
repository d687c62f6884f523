package account

import "strings"

// letter is a mail without its address.
type letter struct{ Subject, Text string }

// The mails. A link only leads to the application's page, which sends the token back
// with POST: a scanner that follows links changes nothing. None says more of the account
// than its owner knows.

func compose(subject string, paragraphs ...string) letter {
	return letter{subject, strings.Join(paragraphs, "\n\n") + "\n"}
}

// link is the page with the token behind "#", which browsers send to nobody.
func (a *Accounts) link(what, token string) string {
	if a.page == "" {
		return "Token: " + token
	}
	return a.page + "#" + what + "=" + token
}

func letterVerify(app, link string) letter {
	return compose("Confirm your address for "+app,
		"Somebody, probably you, registered at "+app+" with this address. To confirm it:",
		link,
		"This is good for 24 hours. If it was not you, do nothing: without it, nobody can log in. Whoever registered chose the password, and could log in as well as you.")
}

func letterTaken(app, username string) letter {
	return compose("You have an account at "+app,
		"Somebody, probably you, tried to register at "+app+" with this address. There is an account with it already: "+username+".",
		"If you forgot the password, ask for a new one there. If it was not you, there is nothing to do.")
}

func letterNameTaken(app, username string) letter {
	return compose("Choose another name at "+app,
		"Somebody, probably you, tried to register at "+app+" with this address and the name "+username+", which is taken. Nothing was made. Register again with another name.")
}

func letterReset(app, link string) letter {
	return compose("Set a new password for "+app,
		"Somebody, probably you, asked for a new password at "+app+". To set one:",
		link,
		"This is good for one hour, and once. If it was not you, do nothing: your password stays as it is.")
}

// letterPasswordReset is of a password that was set by mail: what somebody else may have set
// up is gone with the one before.
func letterPasswordReset(app string, keys []APIKey, factor bool) letter {
	said := []string{
		"The password of your account at " + app + " was set by mail. What was logged in is logged out, and no device is remembered.",
		"If it was not you, somebody else reads your mail.",
	}
	if len(keys) > 0 {
		said = append(said, "These API keys of the account were revoked. Make others for the programs that used them:", listed(keys))
	}
	if factor {
		said = append(said, "This address was not confirmed before, so that the second factor was removed, too. Set up another one.")
	}
	return compose("Your password for "+app+" was changed", said...)
}

// letterPasswordSet is of a password that was changed by who knew the one before. It lists the
// API keys, which stay: programs use them, that nobody should have to set up again because of
// a password.
func letterPasswordSet(app string, keys []APIKey) letter {
	said := []string{
		"The password of your account at " + app + " was changed, and what was logged in elsewhere is logged out.",
		"If it was not you, set a new one now.",
	}
	if len(keys) > 0 {
		said = append(said, "These API keys of the account stay good. If one is not yours, revoke it:", listed(keys))
	}
	return compose("Your password for "+app+" was changed", said...)
}

// listed are keys by what nobody chose: their names are whatever somebody wrote.
func listed(keys []APIKey) string {
	var lines []string
	for _, k := range keys {
		lines = append(lines, k.ID+", made "+shown(k.Created))
	}
	return strings.Join(lines, "\n")
}

func letterKey(app string, k APIKey) letter {
	return compose("A new API key for your account at "+app,
		"An API key was made for your account at "+app+", which is good until "+shown(k.Expires)+":",
		listed([]APIKey{k}),
		"If it was not you, revoke it and set a new password.")
}

func letterChange(app, link string) letter {
	return compose("Confirm your new address for "+app,
		"Somebody, probably you, wants to use this address for an account at "+app+". To confirm it:",
		link,
		"This is good for 24 hours. If it was not you, do nothing.")
}

func letterChangeTaken(app string) letter {
	return compose("Your address at "+app,
		"Somebody wanted to move another account at "+app+" to this address, which is that of yours. Nothing was changed, and there is nothing to do.")
}

func letterChanged(app, link string) letter {
	return compose("Your address at "+app+" was changed",
		"The address of your account at "+app+" is another one now. If it was not you, take it back within 72 hours:",
		link,
		"This logs out everybody, revokes the API keys, takes away a second factor that was set up since, and asks for a new password.")
}

// letterMovedAway goes to an address that was never confirmed, and gives it no way back.
func letterMovedAway(app string) letter {
	return compose("Your address at "+app+" was changed",
		"The account at "+app+" that this address was given for has another address now. This one was never confirmed, so that there is nothing to do.",
		"If the account is yours and it was not you, ask the administrator of "+app+".")
}

func letterInvite(app, link string) letter {
	return compose("You are invited to "+app,
		"You can make an account at "+app+" with this address:",
		link,
		"This is good for 72 hours, and once.")
}

func letterRecover(app, link string, when recovery) letter {
	return compose("The second factor of your account at "+app+" is going to be removed",
		"Somebody who knows your password, probably you, has lost the second factor of your account at "+app+" and asked to remove it. "+
			"From "+shown(when.from)+" to "+shown(when.until)+" it can be removed with this:",
		link,
		"That logs out everybody and revokes the API keys.",
		"If it was not you, somebody else has your password. Log in with your second factor before then, which cancels the removal, and set a new password.")
}

func letterSecondFactor(app, what string) letter {
	return compose("The second factor of your account at "+app,
		what,
		"If it was not you, set a new password and look at your sessions.")
}

func letterGuessed(app string) letter {
	return compose("Somebody has your password for "+app,
		"Somebody logged in to your account at "+app+" with the right password, and then gave five wrong codes. Nobody was let in.",
		"If it was not you, set a new password.")
}

func letterStolen(app string) letter {
	return compose("A session of yours at "+app+" was ended",
		"Two programs used the same session of your account at "+app+", so that one of them may have stolen it. That session is over; log in again. Others of yours go on.",
		"If you do not know what this may be, set a new password.")
}
